// Open incidents on every page: the strip, the count in the menu, the tab's title and icon. Told by the socket of
// [data-js-incidents], asked for while it is away. Unlike the dashboard's, this socket stays open while the tab is
// hidden, because the title is for people who look at another tab. Others hear of changes by "onwatch:incidents".
(() => {
  "use strict";
  const POLL_SECONDS = 5;
  const HIDDEN_POLL_SECONDS = 30;
  const PREFIX = /^\(\d+\) SEV\d · /;
  const root = document.querySelector("[data-js-incidents]");
  if (!root || !window.htmx) return;
  let open = false;
  let ended = false;
  let askedAt = Date.now();

  function showStrip(html) {
    const strip = document.querySelector("[data-js-incident-strip]");
    if (!strip) return;
    // What somebody reads below the strip stays where it is.
    const before = strip.getBoundingClientRect();
    const height = document.documentElement.scrollHeight;
    strip.innerHTML = html;
    strip.hidden = !strip.children.length;
    htmx.process(strip);
    if (before.bottom < 0) scrollBy(0, document.documentElement.scrollHeight - height);
  }

  function show(now) {
    if (now.stamp === root.dataset.stamp) return;
    root.dataset.stamp = now.stamp;
    const bare = document.title.replace(PREFIX, "");
    document.title = now.open ? `(${now.open}) ${now.worst} · ${bare}` : bare;
    const icon = document.querySelector("[data-js-icon]");
    icon.href = now.open ? icon.dataset.open : icon.dataset.calm;
    for (const count of document.querySelectorAll("[data-js-incident-count]")) {
      count.hidden = !now.open;
      count.firstElementChild.textContent = now.open;
    }
    showStrip(now.strip);
    document.dispatchEvent(new CustomEvent("onwatch:incidents"));
  }

  async function ask() {
    askedAt = Date.now();
    try {
      const answer = await fetch(root.dataset.jsIncidents, { headers: { Accept: "application/json" }, redirect: "error" });
      if (answer.ok) show(await answer.json());
      else if (answer.status === 403 || answer.status === 404) ended = true;
    } catch {
      // The console is away; the next time comes.
    }
  }

  // After htmx has looked through the page, which would open a second socket for what it finds there.
  addEventListener("DOMContentLoaded", () => {
    root.setAttribute("ws-connect", root.dataset.socket);
    htmx.process(root);
  });
  document.addEventListener("htmx:wsOpen", (event) => {
    if (event.target === root) open = true;
  });
  document.addEventListener("htmx:wsClose", (event) => {
    if (event.target !== root) return;
    open = false;
    ended = event.detail.event.code >= 4400;
  });
  document.addEventListener("htmx:wsBeforeMessage", (event) => {
    if (event.target !== root) return;
    event.preventDefault();
    show(JSON.parse(event.detail.message));
  });
  setInterval(() => {
    const pause = document.hidden ? HIDDEN_POLL_SECONDS : POLL_SECONDS;
    if (!open && !ended && Date.now() - askedAt >= pause * 1000) ask();
  }, 1000);
})();
