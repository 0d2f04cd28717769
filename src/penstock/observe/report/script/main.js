// Puts the page together and connects the graph with the panel.

function graphSection() {
  const panel = h("aside", { class: "panel", "aria-label": "Details" });
  const view = drawGraph((id) => select(id, null));
  let current = null;

  function select(id, column) {
    const node = nodes.get(id);
    if (!node) return;
    const same = current === id;
    const top = panel.scrollTop;
    current = id;
    view.select(id);
    view.show(column ? trace(id, column) : null);
    panel.replaceChildren(...drawPanel(node, column, choose).filter(Boolean));
    panel.scrollTop = same ? top : 0;
    const open = panel.querySelector("li.open");
    if (open) scrollWithin(panel, open);
    const place = new URLSearchParams({ node: id });
    if (column) place.set("column", column);
    address(`#${place}`);
  }

  /** Select from the panel: the focus stays at the column that was clicked. */
  function choose(id, column, clicked = column) {
    select(id, column);
    view.reveal(id);
    const button = [...panel.querySelectorAll(".column")].find((b) => b.dataset.column === clicked);
    if (button) button.focus({ preventScroll: true });
  }

  showNode = (id) => {
    select(id, null);
    whole.scrollIntoView({ block: "nearest" });
    view.reveal(id);
  };

  const tool = (label, text, action) => h("button", { type: "button", class: "tool", "aria-label": label, title: label, onclick: action }, text);
  const tools = h("div", { class: "tools" }, graph.nodes.length > 12 && search(),
    tool("Zoom out", "−", () => view.zoom(1 / ZOOM.step)), tool("Zoom in", "+", () => view.zoom(ZOOM.step)), tool("Show the whole graph", "Fit", view.fit));
  const whole = section("graph", "Pipeline", tools, h("div", { class: "graph-and-panel" }, view.frame, panel));

  /** What is shown when the page opens: what the address names, else what needs a look. */
  function first() {
    const asked = new URLSearchParams(location.hash.slice(1));
    if (nodes.has(asked.get("node"))) return [asked.get("node"), asked.get("column")];
    const worth = (n) => ["failed", "stopped"].includes(n.state) ? Infinity : 1000 * (n.quarantined + n.rejected + n.warnings) + (n.kind === "transform");
    const best = graph.nodes.reduce((a, b) => (worth(b) > worth(a) ? b : a), graph.nodes[0]);
    return [best && best.id, null];
  }

  return {
    element: whole,
    open() {
      view.open();
      const [id, column] = first();
      const keep = location.hash;
      if (!id) return;
      select(id, column && columnsOf(nodes.get(id)).some((c) => c.name === column) ? column : null);
      if (!keep.includes("node=")) address(keep || location.pathname + location.search);
      view.reveal(id);
    },
  };
}

/** Scrolls a box, and nothing around it, until an element in it is seen. */
function scrollWithin(box, element) {
  const [outer, inner] = [box.getBoundingClientRect(), element.getBoundingClientRect()];
  if (inner.bottom > outer.bottom) box.scrollTop += Math.min(inner.bottom - outer.bottom + 12, inner.top - outer.top - 12);
  else if (inner.top < outer.top) box.scrollTop += inner.top - outer.top - 12;
}

/** Puts what is shown into the address, where the browser lets a page do so. */
function address(place) {
  try {
    history.replaceState(null, "", place);
  } catch {
    // a sandboxed frame, or more changes than the browser allows in so short a time
  }
}

function search() {
  const list = h("datalist", { id: "names" }, graph.nodes.map((n) => h("option", { value: n.name })));
  const find = (event) => {
    const wanted = event.target.value.trim().toLowerCase();
    const node = graph.nodes.find((n) => n.name.toLowerCase() === wanted) ||
      (event.type === "change" && wanted && graph.nodes.find((n) => n.name.toLowerCase().includes(wanted)));
    if (node) showNode(node.id);
  };
  return [h("input", { type: "search", list: "names", placeholder: "Find a dataset", "aria-label": "Find a dataset", oninput: find, onchange: find }), list];
}

const page = document.getElementById("report");
const drawn = graphSection();
page.append(...[
  headerSection(), errorSection(), notesSection(), figuresSection(), kpisSection(), drawn.element, qualitySection(), rejectedSection(),
  datasetsSection(), timingsSection(), targetsSection(), schemaSection(),
  h("footer", {}, `Penstock run report, schema ${report.schema}. This file needs no network and holds all it shows.`),
].filter(Boolean));
drawn.open();
window.addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
