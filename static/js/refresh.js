// Fetches the panels of [data-js-dashboard] again every 10 s or every minute, as the address says, or while the live
// socket is away; keeps "updated 8 s ago" true; answers the key r. Nothing is fetched while the tab is hidden.
(() => {
  "use strict";
  const SECONDS = { "10s": 10, "1m": 60 };
  const dashboard = document.querySelector("[data-js-dashboard]");
  if (!dashboard || !window.htmx) return;
  let updatedAt = Date.now();
  let askedAt = Date.now();

  const label = document.querySelector("[data-js-updated]") ?? addLabel();

  function addLabel() {
    const added = document.createElement("span");
    added.className = "muted";
    added.dataset.jsUpdated = "";
    document.querySelector("[data-js-live-state]")?.after(added);
    return added;
  }

  function words(seconds) {
    if (seconds < 60) return `${seconds} s`;
    return seconds < 3600 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
  }

  function tell() {
    const text = `updated ${words(Math.max(0, Math.round((Date.now() - updatedAt) / 1000)))} ago`;
    if (label.textContent !== text) label.textContent = text;
  }

  const interval = () => SECONDS[dashboard.dataset.refresh] ?? Number(dashboard.dataset.poll || 0);

  function refresh() {
    askedAt = Date.now();
    for (const panel of dashboard.querySelectorAll("[data-js-panel]")) htmx.trigger(panel, "onwatch:panel");
  }

  function tick() {
    if (document.hidden) return;
    const seconds = interval();
    if (seconds && Date.now() - askedAt >= seconds * 1000) refresh();
    tell();
  }

  function updated() {
    updatedAt = Date.now();
    tell();
  }

  document.addEventListener("onwatch:updated", updated);
  document.addEventListener("htmx:afterRequest", (event) => {
    // The panel itself has been swapped out by now; the request remembers it.
    if (event.detail.successful && event.detail.requestConfig?.elt?.matches?.("[data-js-panel]")) updated();
  });
  document.addEventListener("onwatch:refresh", (event) => {
    event.preventDefault();
    refresh();
  });
  document.addEventListener("visibilitychange", tick);
  setInterval(tick, 1000);
  tell();
})();
