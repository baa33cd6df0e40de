// The incident page updates itself, but never under somebody's hands, and opened parts stay open.
(() => {
  "use strict";
  const live = document.querySelector("[data-js-incident]");
  if (!live) return;
  let opened = new Map();

  const busy = () => {
    const active = document.activeElement;
    if (active && live.contains(active) && active.matches("input, textarea, select")) return true;
    return [...live.querySelectorAll("textarea, input:not([type=hidden])")].some((field) => field.value !== field.defaultValue);
  };

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target.matches("[data-js-incident-poll]") && (document.hidden || busy())) event.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.status === 409) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
      event.detail.target = document.getElementById("refused");
      event.detail.target.scrollIntoView({ block: "nearest" });
      return;
    }
    if (event.detail.target === live) {
      document.getElementById("refused").replaceChildren();
      opened = new Map([...live.querySelectorAll("details[id]")].map((part) => [part.id, part.open]));
    }
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== live) return;
    for (const [id, open] of opened) {
      const part = document.getElementById(id);
      if (part) part.open = open;
    }
  });

  const pad = (number) => String(number).padStart(2, "0");
  setInterval(() => {
    for (const clock of live.querySelectorAll("[data-js-countdown]")) {
      const left = Math.floor((Date.parse(clock.dataset.jsCountdown) - Date.now()) / 1000);
      const hours = Math.floor(Math.abs(left) / 3600);
      const text = `${hours ? `${hours} h ` : ""}${pad(Math.floor((Math.abs(left) % 3600) / 60))}:${pad(Math.abs(left) % 60)}`;
      clock.textContent = left >= 0 ? `Respond within ${text}` : `⚠ Response missed ${text} ago`;
      clock.classList.toggle("badge--bad", left < 0);
    }
  }, 1000);
})();
