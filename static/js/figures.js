// Draws every [data-js-figure] with Plotly from the JSON beside it, in the colours of the theme.
// The plot survives swaps (hx-preserve), so a push redraws it in place and keeps the zoom.
// Buttons [data-js-series="plot id"][value="group"] show and hide series; with data-js-series-param the URL remembers.
(() => {
  "use strict";
  const source = document.currentScript.dataset.plotly;
  const DATA_KEYS = new Set(["name", "text", "hovertext", "ticktext", "labels", "x", "y"]);
  const drawn = new WeakMap();
  // Plot id -> group -> shown or not, where somebody has chosen.
  const choices = new Map();
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

  function read(id) {
    const holder = document.getElementById(id);
    if (!holder) return null;
    const figure = JSON.parse(holder.textContent);
    for (const trace of figure.data) {
      if (trace.x === "same") trace.x = figure.data[0].x;
    }
    return figure;
  }

  function sameSite(address) {
    try {
      return new URL(address, location.href).origin === location.origin;
    } catch {
      return false;
    }
  }

  function addressOf(trace, index, at) {
    if (trace.customdata?.[index]) return trace.customdata[index];
    if (!trace.meta?.link) return "";
    const start = new Date(`${String(at).replace(" ", "T")}Z`);
    const text = (date) => date.toISOString().replace(/\.\d+Z$/, "Z");
    const end = new Date(start.getTime() + trace.meta.step * 1000);
    return trace.meta.link.replace("START", text(start)).replace("END", text(end));
  }

  function follow(address) {
    if (typeof address === "string" && address && sameSite(address)) location.assign(address);
  }

  const CONFIG = {
    responsive: true,
    displaylogo: false,
    modeBarButtons: [["toImage"]],
    doubleClick: "reset",
    showTips: false,
  };

  const groupOf = (trace) => trace.meta?.group ?? trace.name;

  function choose(id, group, shown) {
    if (!choices.has(id)) choices.set(id, new Map());
    choices.get(id).set(group, shown);
  }

  function isShown(id, trace) {
    return choices.get(id)?.get(groupOf(trace)) ?? trace.visible !== "legendonly";
  }

  function markButtons(id, figure) {
    document.querySelectorAll(`[data-js-series="${CSS.escape(id)}"]`).forEach((button) => {
      const trace = figure.data.find((each) => groupOf(each) === button.value);
      button.setAttribute("aria-pressed", String(Boolean(trace && isShown(id, trace))));
      button.disabled = !trace;
    });
  }

  async function draw(plot, force) {
    const holder = document.getElementById(plot.dataset.jsFigure);
    if (!holder) return;
    const figure = read(holder.id);
    markButtons(plot.id, figure);
    if (!force && drawn.get(plot) === holder.textContent) return;
    const first = !drawn.has(plot);
    drawn.set(plot, holder.textContent);
    let Plotly;
    try {
      Plotly = window.Plotly ?? (await loadPlotly());
    } catch {
      drawn.delete(plot);
      loading = null;
      plot.dataset.drawn = "failed";
      return;
    }
    // Another swap may have come while the script was loading: draw what stands there now.
    const latest = read(plot.dataset.jsFigure);
    if (!plot.isConnected || !latest) return;
    const resolved = resolve(latest, "", getComputedStyle(document.documentElement));
    for (const trace of resolved.data) trace.visible = isShown(plot.id, trace) ? true : "legendonly";
    // A finger on the chart scrolls the page; only a mouse zooms.
    const isCoarse = matchMedia("(pointer: coarse)").matches;
    // On a phone few labels fit beside each other, and Plotly would rather draw many aslant.
    if (plot.clientWidth < 420) {
      const { l, r } = resolved.layout.margin;
      Object.assign(resolved.layout.xaxis, { nticks: Math.max(2, Math.floor((plot.clientWidth - l - r) / 80)), tickangle: 0 });
    }
    resolved.layout.dragmode = isCoarse ? false : "zoom";
    await Plotly.react(plot, resolved.data, resolved.layout, { ...CONFIG, displayModeBar: isCoarse ? false : "hover" });
    plot.dataset.drawn = "yes";
    plot.dataset.links = String(latest.data.some((trace) => trace.customdata || trace.meta?.link));
    if (first) listen(plot);
  }

  function listen(plot) {
    plot.on("plotly_click", (event) => {
      // All series at one place are hit together, a comparison that leads nowhere among them.
      const addresses = event.points.map((point) => addressOf(point.data, point.pointIndex, point.data.x[point.pointIndex]));
      follow(addresses.find(Boolean));
    });
    plot.on("plotly_clickannotation", (event) => follow(event.annotation.name));
    plot.on("plotly_legendclick", (event) => {
      const trace = event.data[event.curveNumber];
      choose(plot.id, groupOf(trace), trace.visible === "legendonly");
      draw(plot, true);
      return false;
    });
    plot.on("plotly_legenddoubleclick", () => false);
  }

  function cellText(value) {
    if (value === null || value === undefined) return "–";
    return typeof value === "number" ? value.toLocaleString("en", { maximumSignificantDigits: 6 }) : value;
  }

  function tableOf(figure, caption) {
    const horizontal = figure.data.some((trace) => trace.orientation === "h");
    const [where, what] = horizontal ? ["y", "x"] : ["x", "y"];
    const rows = new Map();
    figure.data.forEach((trace, column) => {
      (trace[where] ?? []).forEach((at, index) => {
        if (!rows.has(at)) rows.set(at, []);
        rows.get(at)[column] = [trace[what][index], addressOf(trace, index, at)];
      });
    });
    const table = document.createElement("table");
    table.className = "table table--compact";
    const title = table.createCaption();
    title.className = "visually-hidden";
    title.textContent = caption;
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
        const [value, address] = cells[column] ?? [null, ""];
        const cell = row.insertCell();
        cell.className = "num";
        if (address && value !== null && sameSite(address)) {
          const link = document.createElement("a");
          link.href = address;
          link.textContent = cellText(value);
          cell.append(link);
        } else {
          cell.textContent = cellText(value);
        }
      });
    }
    return table;
  }

  function fillTable(details) {
    const id = details.dataset.jsFigureTable;
    const figure = read(id);
    if (!figure) return;
    let wrap = details.querySelector(".table-wrap");
    const isNew = !wrap;
    if (isNew) {
      wrap = document.createElement("div");
      wrap.className = "table-wrap";
      wrap.id = `${id}-wrap`;
      wrap.tabIndex = 0;
      wrap.setAttribute("role", "region");
      wrap.setAttribute("aria-label", "The chart as a table");
    }
    const [top, left] = [wrap.scrollTop, wrap.scrollLeft];
    wrap.replaceChildren(tableOf(figure, document.getElementById(id.replace(/-data$/, "-alt"))?.textContent ?? ""));
    if (isNew) details.append(wrap);
    wrap.scrollTo(left, top);
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

  // The URL names what is shown, and only where that is not what is shown without it.
  function remember(parameter, plot) {
    const traces = read(plot.dataset.jsFigure).data;
    const groups = [...new Set(traces.map(groupOf))];
    const shown = new Set(traces.filter((trace) => isShown(plot.id, trace)).map(groupOf));
    const usual = new Set(traces.filter((trace) => trace.visible !== "legendonly").map(groupOf));
    const address = new URL(location.href);
    address.searchParams.delete(parameter);
    if (groups.some((group) => shown.has(group) !== usual.has(group))) {
      for (const group of shown.size ? shown : [""]) address.searchParams.append(parameter, group);
    }
    history.replaceState(history.state, "", address);
  }

  function recall() {
    const asked = new URL(location.href).searchParams;
    document.querySelectorAll("[data-js-series][data-js-series-param]").forEach((button) => {
      const parameter = button.dataset.jsSeriesParam;
      if (asked.has(parameter)) {
        choose(button.dataset.jsSeries, button.value, asked.getAll(parameter).includes(button.value));
      }
    });
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button[data-js-series]");
    const plot = button && document.getElementById(button.dataset.jsSeries);
    if (!plot) return;
    choose(plot.id, button.value, button.getAttribute("aria-pressed") !== "true");
    if (button.dataset.jsSeriesParam) remember(button.dataset.jsSeriesParam, plot);
    draw(plot, true);
  });
  document.addEventListener("toggle", (event) => {
    if (event.target.open && event.target.matches?.("details[data-js-figure-table]")) fillTable(event.target);
  }, true);
  for (const name of ["htmx:afterSwap", "htmx:oobAfterSwap", "htmx:wsAfterMessage"]) {
    document.addEventListener(name, drawSoon);
  }
  new MutationObserver(() => drawAll(true)).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll(true));
  recall();
  drawAll();
})();
