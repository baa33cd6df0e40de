// The live socket of [data-js-dashboard]: says in [data-js-live-state] whether figures are live, paused (hidden tab),
// reconnecting or stale, closes the socket while nobody looks, and asks refresh.js to poll while nothing is pushed.
(() => {
  "use strict";
  const POLL_SECONDS = "10";
  //: Codes after which the socket does not come back by itself.
  const ENDED = {
    4400: "Paused",
    4401: "Signed out",
    4404: "No longer shared with you",
  };
  let socket = null;
  let wrapper = null;
  let ended = false;

  const dashboard = () => document.querySelector("[data-js-dashboard][ws-connect]");

  function show(state, text) {
    for (const label of document.querySelectorAll("[data-js-live-state]")) {
      label.dataset.state = state;
      if (label.textContent !== text) label.textContent = text;
    }
    const root = dashboard();
    if (root) root.dataset.poll = state === "live" || state === "paused" ? "" : POLL_SECONDS;
  }

  const updated = () => document.dispatchEvent(new CustomEvent("onwatch:updated"));

  function showState(message) {
    if (message.state === "stale") {
      const since = message.since ? ` since ${message.since.slice(11, 19)} UTC` : "";
      show("stale", `Live figures are stale${since}`);
    } else {
      show("live", "Live");
      updated();
    }
  }

  if (!dashboard() || !window.htmx) return;

  const isOurs = (event) => event.target === dashboard();

  // The extension keeps its sockets to itself; this is its own hook for making one.
  htmx.createWebSocket = (url) => {
    const made = new WebSocket(url, []);
    made.binaryType = htmx.config.wsBinaryType;
    if (new URL(url).pathname === "/ws/live/") socket = made;
    return made;
  };

  document.addEventListener("htmx:wsOpen", (event) => {
    if (!isOurs(event)) return;
    wrapper = event.detail.socketWrapper;
    // A reconnection that was already under way when the tab was hidden.
    if (document.hidden) socket.close(1000);
  });
  document.addEventListener("htmx:wsClose", (event) => {
    if (!isOurs(event)) return;
    wrapper = event.detail.socketWrapper ?? wrapper;
    const reason = ENDED[event.detail.event?.code];
    ended = reason !== undefined;
    if (ended) show("paused", reason);
    else if (document.hidden) show("paused", "Paused");
    else show("reconnecting", "Reconnecting …");
  });
  document.addEventListener("htmx:wsBeforeMessage", (event) => {
    if (!isOurs(event) || !event.detail.message.startsWith("{")) return;
    event.preventDefault();
    showState(JSON.parse(event.detail.message));
  });
  document.addEventListener("htmx:wsAfterMessage", (event) => isOurs(event) && updated());

  document.addEventListener("visibilitychange", () => {
    if (ended) return;
    if (document.hidden) {
      show("paused", "Paused");
      socket?.close(1000);
    } else if (socket && socket.readyState >= WebSocket.CLOSING) {
      show("reconnecting", "Reconnecting …");
      // Joining brings the present state, so what was missed is caught up at once.
      wrapper?.reconnect();
    }
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted && !ended && socket && socket.readyState >= WebSocket.CLOSING) wrapper?.reconnect();
  });
})();
