// The tree of a trace: marks the span that is shown, and brings its details into view where they stand below the tree.
(() => {
  "use strict";

  function mark(row) {
    for (const other of document.querySelectorAll("[data-js-spans] [aria-current]")) other.removeAttribute("aria-current");
    row.setAttribute("aria-current", "true");
  }

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "span") return;
    const row = event.detail.requestConfig?.elt?.closest("[data-js-spans] [data-js-row]");
    if (row) mark(row);
    const { top } = event.detail.target.getBoundingClientRect();
    if (top < 0 || top > window.innerHeight * 0.6) event.detail.target.scrollIntoView({ block: "start" });
  });
})();
