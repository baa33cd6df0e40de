// A swap never moves what somebody reads: open details, scroll positions and focus inside the swapped part survive it.
(() => {
  "use strict";
  const kept = new Map();

  function placeOf(element, root) {
    if (element.id) return `#${CSS.escape(element.id)}`;
    const address = element.getAttribute("href");
    if (!address) return null;
    const twins = [...root.querySelectorAll(`a[href="${CSS.escape(address)}"]`)];
    return { address, index: twins.indexOf(element) };
  }

  function remember(root) {
    if (!root?.id) return;
    const focused = root.contains(document.activeElement) ? placeOf(document.activeElement, root) : null;
    kept.set(root.id, {
      open: [...root.querySelectorAll("details[open][id]")].map((details) => details.id),
      scrolled: [...root.querySelectorAll("[data-js-keep-scroll][id]")].map((box) => [box.id, box.scrollTop, box.scrollLeft]),
      focused,
    });
  }

  function restore(id) {
    const state = kept.get(id);
    const root = document.getElementById(id);
    kept.delete(id);
    if (!state || !root) return;
    for (const open of state.open) {
      const details = document.getElementById(open);
      if (details) details.open = true;
    }
    for (const [box, top, left] of state.scrolled) {
      document.getElementById(box)?.scrollTo(left, top);
    }
    if (state.focused && !root.contains(document.activeElement)) {
      const target = typeof state.focused === "string"
        ? root.querySelector(state.focused)
        : root.querySelectorAll(`a[href="${CSS.escape(state.focused.address)}"]`)[state.focused.index];
      target?.focus({ preventScroll: true });
    }
  }

  document.addEventListener("htmx:beforeSwap", (event) => remember(event.detail.target));
  document.addEventListener("htmx:oobBeforeSwap", (event) => remember(event.detail.target));
  for (const name of ["htmx:afterSwap", "htmx:oobAfterSwap", "htmx:wsAfterMessage"]) {
    document.addEventListener(name, () => [...kept.keys()].forEach(restore));
  }
})();
