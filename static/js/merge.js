// onwatch.merge(root, html): brings a part of a page up to date without disturbing who uses it.
//
// Elements with data-stamp are replaced when the stamp differs, but never while somebody writes in them: those are
// left with data-js-behind. Elements with data-js-keyed are lists by id: new children are put in their places, children
// that the new list does not hold stay (data-js-keyed="exact": go). Around both, only what they contain is looked at.
// What somebody reads stays where it is on the screen.
(() => {
  "use strict";
  const KEYED = "[data-js-keyed]";
  const STAMPED = "[data-stamp]";

  function isDirty(field) {
    if (!field.matches("select")) return field.value !== field.defaultValue;
    const marked = [...field.options].findIndex((option) => option.defaultSelected);
    return field.options.length > 0 && field.selectedIndex !== Math.max(0, marked);
  }

  function isBusy(part) {
    const active = document.activeElement;
    if (part.contains(active) && active.matches("textarea, select, input:not([type=hidden])")) return true;
    return [...part.querySelectorAll("textarea, select, input:not([type=hidden], [type=checkbox], [type=radio])")].some(isDirty);
  }

  // Details stay as the reader left them, unless the server opens or closes them anew. The part whose form was sent
  // is done with: of that only the steps of a playbook stay open.
  function keepOpen(made, isForced) {
    for (const details of made.querySelectorAll("details[id]")) {
      const served = String(details.open);
      const before = document.getElementById(details.id);
      const keeps = before?.dataset.jsServed === served && (!isForced || details.matches(".step"));
      if (keeps) details.open = before.open;
      details.dataset.jsServed = served;
    }
  }

  function replace(old, made, isForced) {
    keepOpen(made, isForced);
    htmx.swap(old, made.outerHTML, { swapStyle: "outerHTML", swapDelay: 0, settleDelay: 0 });
  }

  function mergeStamped(old, made, force) {
    if (old.dataset.stamp === made.dataset.stamp && old !== force) {
      delete old.dataset.jsBehind;
      return;
    }
    if (old !== force && isBusy(old)) {
      old.dataset.jsBehind = "";
      return;
    }
    replace(old, made, old === force);
  }

  function mergeKeyed(old, made, force) {
    let before = null;
    const wanted = new Set([...made.children].map((child) => child.id));
    for (const child of [...made.children]) {
      const known = child.id && document.getElementById(child.id);
      if (known && known.parentElement === old) {
        mergeOne(known, child, force);
        before = document.getElementById(child.id);
      } else if (!("jsLast" in child.dataset)) {
        if (before) before.after(child);
        else old.prepend(child);
        keepOpen(child, false);
        htmx.process(child);
        before = child;
      }
    }
    if (old.dataset.jsKeyed !== "exact") return;
    [...old.children].filter((child) => !wanted.has(child.id)).forEach((child) => child.remove());
  }

  function mergeOne(old, made, force) {
    if (made.matches(STAMPED)) mergeStamped(old, made, force);
    else if (made.matches(KEYED)) mergeKeyed(old, made, force);
    else mergeInside(old, made, force);
  }

  // The outermost stamped and keyed elements below, each matched by its id.
  function mergeInside(old, made, force) {
    const all = [...made.querySelectorAll(`${STAMPED}, ${KEYED}`)];
    const around = (element) => element.parentElement.closest(`${STAMPED}, ${KEYED}`);
    for (const element of all.filter((each) => !around(each) || !made.contains(around(each)) || around(each) === made)) {
      const known = document.getElementById(element.id);
      if (known && old.contains(known)) mergeOne(known, element, force);
    }
  }

  // What stands at the top of the screen, to put it back there.
  function anchor(root) {
    if (scrollY === 0) return null;
    const seen = [...root.querySelectorAll(`${STAMPED}, ${KEYED} > *`)].find((element) => {
      const box = element.getBoundingClientRect();
      return element.id && box.height > 0 && box.bottom > 0 && !element.querySelector(STAMPED);
    });
    return seen ? { id: seen.id, top: seen.getBoundingClientRect().top } : null;
  }

  function merge(root, html, { force = null } = {}) {
    const held = anchor(root);
    const made = document.createElement("template");
    made.innerHTML = html;
    const wrapper = document.createElement("div");
    wrapper.append(made.content);
    mergeInside(root, wrapper, force);
    const there = held && document.getElementById(held.id);
    if (there) scrollBy({ top: there.getBoundingClientRect().top - held.top, behavior: "instant" });
    return wrapper;
  }

  window.onwatch = { ...window.onwatch, merge, isBusy };
  for (const details of document.querySelectorAll("details[id]")) details.dataset.jsServed = details.open;
})();
