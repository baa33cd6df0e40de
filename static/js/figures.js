// Draws every [data-js-figure] with Plotly from the JSON beside it, in the colours of the theme.
// The plot survives swaps (hx-preserve), so a push redraws it in place and keeps the zoom.
(() => {
  "use strict";
  const source = document.currentScript.dataset.plotly;
  const DATA_KEYS = new Set(["name", "text", "hovertext", "ticktext", "labels", "x", "y"]);
  const drawn = new WeakMap();
  let loading = null;

  function loadPlotly() {
    loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = source;
      script.onload = () => resolve(window.Plotly);
      script.onerror = reject;
      document.head.append(script);
    });
    return loading;
  }

  // Plotly reads a small HTML in texts; ours are data.
  const escapeText = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

  function resolve(value, key, style) {
    if (Array.isArray(value)) return value.map((item) => resolve(item, key, style));
    if (value !== null && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, resolve(item, name, style)]));
    }
    if (typeof value !== "string") return value;
    const variable = /^var\((--[\w-]+)\)$/.exec(value);
    if (variable) return style.getPropertyValue(variable[1]).trim();
    return DATA_KEYS.has(key) ? escapeText(value) : value;
  }

  function sameSite(address) {
    try {
      return new URL(address, location.href).origin === location.origin;
    } catch {
      return false;
    }
  }

  function follow(address) {
    if (typeof address === "string" && address && sameSite(address)) location.assign(address);
  }

  function read(id) {
    const holder = document.getElementById(id);
    return holder ? JSON.parse(holder.textContent) : null;
  }

  const CONFIG = {
    responsive: true,
    displaylogo: false,
    displayModeBar: "hover",
    modeBarButtons: [["toImage"]],
    doubleClick: "reset",
    showTips: false,
  };

  async function draw(plot, force) {
    const holder = document.getElementById(plot.dataset.jsFigure);
    if (!holder) return;
    const text = holder.textContent;
    if (!force && drawn.get(plot) === text) return;
    const first = !drawn.has(plot);
    drawn.set(plot, text);
    let Plotly;
    try {
      Plotly = window.Plotly ?? (await loadPlotly());
    } catch {
      drawn.delete(plot);
      loading = null;
      plot.dataset.drawn = "failed";
      return;
    }
    if (!plot.isConnected) return;
    const style = getComputedStyle(document.documentElement);
    const figure = resolve(JSON.parse(drawn.get(plot)), "", style);
    // A finger on the chart scrolls the page; only a mouse zooms.
    figure.layout.dragmode = matchMedia("(pointer: coarse)").matches ? false : "zoom";
    await Plotly.react(plot, figure.data, figure.layout, CONFIG);
    plot.dataset.drawn = "yes";
    if (first) {
      plot.on("plotly_click", (event) => follow(event.points[0]?.customdata));
      plot.on("plotly_clickannotation", (event) => follow(event.annotation.name));
      plot.classList.toggle("figure__plot--links", figure.data.some((trace) => trace.customdata));
    }
  }

  function fillTable(details) {
    const figure = read(details.dataset.jsFigureTable);
    if (!figure) return;
    const horizontal = figure.data.some((trace) => trace.orientation === "h");
    const [where, what] = horizontal ? ["y", "x"] : ["x", "y"];
    const rows = new Map();
    figure.data.forEach((trace, column) => {
      (trace[where] ?? []).forEach((at, index) => {
        if (!rows.has(at)) rows.set(at, []);
        rows.get(at)[column] = [trace[what][index], trace.customdata?.[index]];
      });
    });
    const table = document.createElement("table");
    table.className = "table table--compact";
    const caption = table.createCaption();
    caption.className = "visually-hidden";
    caption.textContent = document.getElementById(details.dataset.jsFigureTable.replace(/-data$/, "-alt"))?.textContent ?? "";
    const head = table.createTHead().insertRow();
    for (const name of [horizontal ? "" : "Time (UTC)", ...figure.data.map((trace) => trace.name)]) {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.textContent = name ?? "";
      head.append(cell);
    }
    const body = table.createTBody();
    for (const [at, cells] of rows) {
      const row = body.insertRow();
      row.insertCell().textContent = String(at).replace("T", " ").replace(/:00$/, "");
      figure.data.forEach((_, column) => {
        const [value, address] = cells[column] ?? [null];
        const cell = row.insertCell();
        cell.className = "num";
        const text = value === null || value === undefined ? "–" : typeof value === "number" ? value.toLocaleString("en", { maximumSignificantDigits: 6 }) : value;
        if (address && sameSite(address)) {
          const link = document.createElement("a");
          link.href = address;
          link.textContent = text;
          cell.append(link);
        } else {
          cell.textContent = text;
        }
      });
    }
    const wrap = document.createElement("div");
    wrap.className = "table-wrap";
    wrap.tabIndex = 0;
    wrap.append(table);
    const old = details.querySelector(".table-wrap");
    const top = old?.scrollTop ?? 0;
    old?.remove();
    details.append(wrap);
    wrap.scrollTop = top;
  }

  function drawAll(force = false) {
    document.querySelectorAll("[data-js-figure]").forEach((plot) => draw(plot, force));
    document.querySelectorAll("details[data-js-figure-table][open]").forEach(fillTable);
  }

  let waiting = false;
  function drawSoon() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      drawAll();
    });
  }

  document.addEventListener("toggle", (event) => {
    if (event.target.open && event.target.matches?.("details[data-js-figure-table]")) fillTable(event.target);
  }, true);
  for (const name of ["htmx:afterSwap", "htmx:oobAfterSwap", "htmx:wsAfterMessage"]) {
    document.addEventListener(name, drawSoon);
  }
  new MutationObserver(() => drawAll(true)).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll(true));
  drawAll();
})();
