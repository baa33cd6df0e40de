// The keyboard: ? for help, g and a letter for areas, t range, r refresh, / search, j and k in lists. Never while typing.
(() => {
  "use strict";
  let goUntil = 0;

  const typing = (target) => target.closest?.("input, textarea, select, [contenteditable]");
  const help = () => document.getElementById("keys-help");

  function go(letter) {
    document.querySelector(`[data-js-go="${CSS.escape(letter)}"]`)?.click();
  }

  function search() {
    const field = document.querySelector("[data-js-search]:not([type=hidden])");
    if (field) field.focus();
    else location.assign(document.querySelector('[data-js-go="t"]')?.href ?? "/traces/");
  }

  function range() {
    const summary = document.querySelector('[data-js-key="t"]');
    if (!summary) return;
    summary.parentElement.open = true;
    summary.focus();
  }

  function refresh() {
    const asked = new CustomEvent("onwatch:refresh", { bubbles: true, cancelable: true });
    // Whoever can refresh without a reload says so by cancelling.
    if (document.dispatchEvent(asked)) location.reload();
  }

  function step(by) {
    const rows = [...document.querySelectorAll("[data-js-row]")];
    if (!rows.length) return;
    const at = rows.indexOf(document.activeElement.closest?.("[data-js-row]"));
    const row = rows[Math.min(rows.length - 1, Math.max(0, at + by))];
    const link = row.matches("a") ? row : row.querySelector("a");
    link?.focus();
    row.scrollIntoView({ block: "nearest" });
  }

  const actions = { "/": search, t: range, r: refresh, j: () => step(1), k: () => step(-1), "?": () => help()?.showModal() };

  document.addEventListener("keydown", (event) => {
    const palette = (event.ctrlKey || event.metaKey) && event.key === "k";
    if (palette) {
      event.preventDefault();
      search();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || help()?.open) return;
    if (event.timeStamp < goUntil) {
      goUntil = 0;
      go(event.key);
    } else if (event.key === "g") {
      goUntil = event.timeStamp + 1500;
    } else if (Object.hasOwn(actions, event.key)) {
      event.preventDefault();
      actions[event.key]();
    }
  });
})();
