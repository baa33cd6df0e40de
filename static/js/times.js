// Keeps "5 min ago" true while the page stays open. The words are those of core/templatetags/onwatch.py.
(() => {
  "use strict";

  function words(seconds) {
    const distance = Math.abs(seconds);
    if (distance < 5) return "just now";
    const [amount, unit] = distance < 60 ? [Math.round(distance), "s"]
      : distance < 3600 ? [Math.floor(distance / 60), "min"]
      : distance < 172800 ? [Math.floor(distance / 3600), "h"]
      : [Math.floor(distance / 86400), "d"];
    return seconds >= 0 ? `${amount} ${unit} ago` : `in ${amount} ${unit}`;
  }

  function refresh() {
    if (document.hidden) return;
    const now = Date.now();
    document.querySelectorAll("time[data-js-ago]").forEach((time) => {
      const text = words((now - Date.parse(time.dateTime)) / 1000);
      if (time.textContent !== text) time.textContent = text;
    });
  }

  setInterval(refresh, 5000);
  document.addEventListener("visibilitychange", refresh);
})();
