// The appearance switch: applies at once and is kept with the person. Without script the form does the same.
(() => {
  "use strict";
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest?.("form[data-js-theme]");
    if (!form || !event.submitter) return;
    event.preventDefault();
    const theme = event.submitter.value;
    const body = new FormData(form, event.submitter);
    document.documentElement.dataset.theme = theme;
    document.querySelectorAll("form[data-js-theme] button").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.value === theme));
    });
    const answer = await fetch(form.action, { method: "POST", body, redirect: "manual" });
    if (answer.status >= 400) location.reload();
  });
})();
