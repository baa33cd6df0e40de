// details[data-js-popover] behave as menus: one open at a time, closed by Escape and by a click elsewhere.
(() => {
  "use strict";
  const openOnes = () => document.querySelectorAll("details[data-js-popover][open]");

  document.addEventListener("toggle", (event) => {
    const opened = event.target;
    if (!opened.open || !opened.matches?.("details[data-js-popover]")) return;
    openOnes().forEach((other) => {
      if (other !== opened && !other.contains(opened)) other.open = false;
    });
  }, true);

  document.addEventListener("click", (event) => {
    openOnes().forEach((details) => {
      if (!details.contains(event.target)) details.open = false;
    });
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const innermost = [...openOnes()].pop();
    if (!innermost) return;
    innermost.open = false;
    innermost.querySelector("summary")?.focus();
  });
})();
