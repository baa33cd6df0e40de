// Copies text: a button with data-js-copy="text", or a block with data-js-copy that gets a button of its own.
(() => {
  "use strict";

  async function write(text) {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    // Plain HTTP on another host has no clipboard API.
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "visually-hidden";
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    if (!copied) throw new Error("not copied");
  }

  function addButton(block) {
    if (block.matches("button") || block.querySelector("[data-js-copy-button]")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn--small code__copy";
    button.dataset.jsCopyButton = "";
    button.textContent = "Copy";
    block.append(button);
  }

  function textOf(button) {
    if (button.dataset.jsCopy) return button.dataset.jsCopy;
    const block = button.closest("[data-js-copy]");
    return block.dataset.jsCopy || (block.querySelector("pre, code") ?? block).textContent.trim();
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-js-copy-button], button[data-js-copy]");
    if (!button) return;
    const before = button.dataset.jsLabel ?? (button.dataset.jsLabel = button.textContent);
    try {
      await write(textOf(button));
      button.textContent = "Copied ✓";
    } catch {
      button.textContent = "Select and copy by hand";
    }
    setTimeout(() => (button.textContent = before), 1600);
  });

  const addAll = () => document.querySelectorAll("[data-js-copy]").forEach(addButton);
  for (const name of ["htmx:afterSwap", "htmx:oobAfterSwap", "htmx:wsAfterMessage"]) document.addEventListener(name, addAll);
  addAll();
})();
