// The list of incidents keeps itself up to date, in its own order and with the filters of the address.
(() => {
  "use strict";
  const list = document.getElementById("incident-list");
  if (!list || !window.onwatch?.merge) return;

  document.addEventListener("onwatch:incidents", async () => {
    const asked = location.href;
    const answer = await fetch(asked, { headers: { "HX-Request": "true" } });
    if (!answer.ok || location.href !== asked) return;
    const html = await answer.text();
    const hasRows = html.includes('id="incident-rows"');
    if (hasRows && document.getElementById("incident-rows")) onwatch.merge(list, html);
    else htmx.swap(list, html, { swapStyle: "innerHTML" });
  });
})();
