// The incident's page keeps itself up to date: told by incidents.js that something changed, it asks for its moving part
// and merges it. Answers to its forms are merged too, so that what is half written elsewhere on the page stays.
(() => {
  "use strict";
  const live = document.querySelector("[data-js-incident]");
  if (!live || !window.htmx || !window.onwatch?.merge) return;
  const refused = document.getElementById("refused");
  const revision = () => live.querySelector("[data-revision]").dataset.revision;

  function ask({ all = false } = {}) {
    const address = all ? live.dataset.jsIncident : `${live.dataset.jsIncident}?revision=${revision()}`;
    htmx.ajax("GET", address, { source: live, target: live });
  }

  function take(html, form) {
    const part = form?.closest("[data-stamp]") ?? null;
    const made = onwatch.merge(live, html, { force: part });
    live.querySelector("[data-revision]").dataset.revision = made.querySelector("[data-revision]").dataset.revision;
    if (!form) return;
    refused.replaceChildren();
    // An entry that is older than the answer goes.
    if (part && !made.querySelector(`#${CSS.escape(part.id)}`)) {
      location.reload();
      return;
    }
    goOn(part);
  }

  // The button that was pressed is gone; go on with what is to do next.
  function goOn(part) {
    if (document.activeElement && document.activeElement !== document.body) return;
    const here = document.getElementById(part?.id);
    const next = here?.querySelector("details[open] button[value=done]")
      ?? (here?.id.startsWith("run-") ? live.querySelector(".step[open] button[value=done]") : null);
    next?.focus({ preventScroll: true });
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, target, requestConfig } = event.detail;
    if (xhr.status === 409) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
      event.detail.target = refused;
      refused.scrollIntoView({ block: "nearest" });
    } else if (target === live && xhr.status === 200) {
      event.detail.shouldSwap = false;
      take(xhr.responseText, requestConfig.verb === "post" ? requestConfig.elt : null);
    }
  });
  document.addEventListener("onwatch:incidents", () => ask());
  // Parts in which somebody wrote catch up when they are left as they were.
  document.addEventListener("focusout", () => setTimeout(() => {
    const behind = [...live.querySelectorAll("[data-js-behind]")];
    if (behind.some((part) => !onwatch.isBusy(part))) ask({ all: true });
  }));

  const pad = (number) => String(number).padStart(2, "0");
  function tick() {
    for (const clock of live.querySelectorAll("[data-js-countdown]")) {
      const left = Math.floor((Date.parse(clock.dataset.jsCountdown) - Date.now()) / 1000);
      const hours = Math.floor(Math.abs(left) / 3600);
      const text = `${hours ? `${hours} h ` : ""}${pad(Math.floor((Math.abs(left) % 3600) / 60))}:${pad(Math.abs(left) % 60)}`;
      clock.textContent = left >= 0 ? `Respond within ${text}` : `⚠ Response missed ${text} ago`;
      clock.classList.toggle("badge--bad", left < 0);
    }
  }
  setInterval(tick, 1000);
  tick();
})();
