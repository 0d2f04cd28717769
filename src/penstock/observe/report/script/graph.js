// The graph: drawn once; selecting, tracing and zooming change classes and sizes only.

const STATES = { failed: "✕ failed", stopped: "✕ stopped here", unreached: "not reached", skipped: "skipped, nothing new", unpublished: "not published" };
const HOW = { steps: "steps", sql: "SQL model", python: "Python step", command: "command" };
const KINDS = { source: "source", transform: "", target: "target" };
const ZOOM = { least: 0.08, most: 2, step: 1.25, readable: 0.62 };
const ROOM = { text: 158, label: 62 };

const ruler = document.createElement("canvas").getContext("2d");

/** Text that fits a width in pixels, with an ellipsis where it was cut. */
function fitted(text, width, font) {
  ruler.font = font;
  if (ruler.measureText(text).width <= width) return text;
  let [low, high] = [0, text.length];
  while (low < high - 1) {
    const middle = (low + high) >> 1;
    if (ruler.measureText(`${text.slice(0, middle)}…`).width <= width) low = middle;
    else high = middle;
  }
  return `${text.slice(0, low)}…`;
}

const sansFont = getComputedStyle(document.body).fontFamily;

/** What a node says besides its name: set aside, warned, failed; else what it is. */
function noteOf(node) {
  if (STATES[node.state]) return { text: STATES[node.state], kind: node.state };
  const parts = [];
  if (node.quarantined) parts.push(`${count(node.quarantined)} quarantined`);
  if (node.rejected) parts.push(`${count(node.rejected)} rejected`);
  if (node.warnings) parts.push(plural(node.warnings, "warning"));
  if (parts.length) return { text: `! ${parts.join(", ")}`, kind: "attention" };
  return { text: [KINDS[node.kind], HOW[node.how] || node.how].filter(Boolean).join(" · "), kind: "plain" };
}

function nodeLabel(node) {
  const rows = node.rows === null || node.rows === undefined ? "rows not known" : plural(node.rows, "row");
  return `${node.name}, ${node.kind}, ${rows}, ${noteOf(node).text}`;
}

function drawNode(node) {
  const note = noteOf(node);
  const width = graph.node_width;
  const top = (node.height - 62) / 2;
  const rows = node.rows === null || node.rows === undefined ? "" : plural(node.rows, "row");
  const time = typeof node.seconds === "number" && node.state !== "unreached" ? seconds(node.seconds) : "";
  return s("g", {
    class: `node ${node.kind} is-${node.state}${note.kind === "attention" ? " has-attention" : ""}`,
    transform: `translate(${node.x} ${node.y})`, "data-id": node.id, tabindex: "-1", role: "button",
    "aria-label": nodeLabel(node), "aria-pressed": "false",
  },
    s("title", {}, `${node.name}: ${note.text}`),
    s("rect", { class: "box", width, height: node.height, rx: 6 }),
    s("path", { class: "kind", d: `M1.5 6v${node.height - 12}` }),
    s("text", { class: "name", x: 12, y: top + 20 }, fitted(node.name, ROOM.text, `600 13px ${sansFont}`)),
    s("text", { class: "rows", x: 12, y: top + 37 }, rows),
    s("text", { class: "time", x: width - 10, y: top + 37, "text-anchor": "end" }, time),
    s("text", { class: `note ${note.kind}`, x: 12, y: top + 53 }, fitted(note.text, ROOM.text, `11px ${sansFont}`)));
}

function drawEdge(edge) {
  const label = edge.rows === null || edge.rows === undefined ? "" : brief(edge.rows);
  const [from, to] = [nodes.get(edge.from), nodes.get(edge.to)];
  return s("g", { class: `edge${to.state === "unreached" ? " is-unreached" : ""}` },
    s("title", {}, `${from.name} → ${to.name}: ${count(edge.rows)} rows`),
    s("path", { class: "line", d: edge.path, "marker-end": "url(#arrow)" }),
    s("text", { class: "label", x: edge.label[0], y: edge.label[1], "text-anchor": "end" }, fitted(label, ROOM.label, `10.5px ${sansFont}`)));
}

function drawGraph(onSelect) {
  const marks = new Map(graph.nodes.map((n) => [n.id, drawNode(n)]));
  const lines = graph.edges.map((e) => [`${e.from} ${e.to}`, e, drawEdge(e)]);
  const arrow = s("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, markerUnits: "userSpaceOnUse", orient: "auto" },
    s("path", { class: "arrow", d: "M0 .8L7.4 4L0 7.2z" }));
  const svg = s("svg", {
    viewBox: `0 0 ${graph.width} ${graph.height}`, role: "group",
    "aria-label": "Graph of the pipeline. Arrow keys move between datasets, Enter shows details.",
  }, s("defs", {}, arrow), s("g", {}, lines.map((l) => l[2])), s("g", {}, Array.from(marks.values())));
  const frame = h("div", { class: "graph-frame" }, svg);
  let scale = 1;
  let focused = null;

  /** Sets the zoom, keeping the point (x, y) of the frame where it is. */
  function zoom(to, x = frame.clientWidth / 2, y = frame.clientHeight / 2) {
    const next = Math.min(ZOOM.most, Math.max(ZOOM.least, to));
    const [left, top] = [frame.scrollLeft + x, frame.scrollTop + y];
    const ratio = next / scale;
    scale = next;
    svg.setAttribute("width", Math.round(graph.width * scale));
    svg.setAttribute("height", Math.round(graph.height * scale));
    frame.scrollTo({ left: left * ratio - x, top: top * ratio - y, behavior: "instant" });
  }

  function fit() {
    const room = parseFloat(getComputedStyle(frame).maxHeight) || frame.clientHeight;
    zoom(Math.min(1, (frame.clientWidth - 2) / graph.width, (room - 2) / graph.height), 0, 0);
  }

  /** As large as fits, but never so small that it cannot be read. */
  function open() {
    fit();
    if (scale < ZOOM.readable) zoom(Math.min(1, Math.max(0.85, frame.clientWidth / graph.width)), 0, 0);
  }

  function reveal(id) {
    const node = nodes.get(id);
    const [left, top] = [node.x * scale, node.y * scale];
    const [width, height] = [graph.node_width * scale, node.height * scale];
    const inside = left >= frame.scrollLeft && left + width <= frame.scrollLeft + frame.clientWidth &&
      top >= frame.scrollTop && top + height <= frame.scrollTop + frame.clientHeight;
    if (!inside) frame.scrollTo({ left: left + width / 2 - frame.clientWidth / 2, top: top + height / 2 - frame.clientHeight / 2, behavior: "instant" });
  }

  function focusable(id) {
    if (focused) marks.get(focused).setAttribute("tabindex", "-1");
    focused = id;
    marks.get(id).setAttribute("tabindex", "0");
  }

  function select(id) {
    for (const [other, mark] of marks) {
      mark.classList.toggle("selected", other === id);
      mark.setAttribute("aria-pressed", String(other === id));
    }
    for (const [, edge, line] of lines) line.classList.toggle("beside", edge.from === id || edge.to === id);
    focusable(id);
  }

  /** Lights up what `trace` found, and dims the others; nothing found: the graph as it was. */
  function show(found) {
    svg.classList.toggle("tracing", Boolean(found));
    for (const [id, mark] of marks) {
      const columns = found && found.columns.get(id);
      mark.classList.toggle("traced", Boolean(columns));
      const text = columns ? columns.join(", ") : noteOf(nodes.get(id)).text;
      mark.querySelector(".note").textContent = fitted(text, ROOM.text, `11px ${sansFont}`);
    }
    for (const [key, , line] of lines) line.classList.toggle("traced", Boolean(found && found.edges.has(key)));
  }

  function neighbour(id, key) {
    const node = nodes.get(id);
    const nearest = (list) => list.sort((a, b) => Math.abs(a.y - node.y) - Math.abs(b.y - node.y))[0];
    if (key === "ArrowLeft") return nearest(graph.edges.filter((e) => e.to === id).map((e) => nodes.get(e.from)));
    if (key === "ArrowRight") return nearest(graph.edges.filter((e) => e.from === id).map((e) => nodes.get(e.to)));
    const step = key === "ArrowUp" ? -1 : 1;
    return graph.nodes.find((n) => n.layer === node.layer && n.place === node.place + step);
  }

  svg.addEventListener("click", (event) => {
    const mark = event.target.closest(".node");
    if (mark) onSelect(mark.dataset.id);
  });
  svg.addEventListener("keydown", (event) => {
    const mark = event.target.closest(".node");
    if (!mark || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" || event.key === " ") onSelect(mark.dataset.id);
    else if (event.key.startsWith("Arrow")) {
      const next = neighbour(mark.dataset.id, event.key);
      if (next) {
        focusable(next.id);
        reveal(next.id);
        marks.get(next.id).focus({ preventScroll: true });
      }
    } else if (event.key === "+" || event.key === "-") zoom(event.key === "+" ? scale * ZOOM.step : scale / ZOOM.step);
    else if (event.key === "0") fit();
    else return;
    event.preventDefault();
  });
  frame.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const box = frame.getBoundingClientRect();
    zoom(scale * Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  dragToScroll(frame);
  if (graph.nodes.length) focusable(graph.nodes[0].id);
  return { frame, fit, open, reveal, select, show, zoom: (by) => zoom(scale * by) };
}

/** Lets the mouse drag the graph; fingers scroll it as they scroll anything. */
function dragToScroll(frame) {
  let start = null;
  frame.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse" || event.button !== 0) return;
    start = { x: event.clientX, y: event.clientY, left: frame.scrollLeft, top: frame.scrollTop, moved: false };
  });
  window.addEventListener("pointermove", (event) => {
    if (!start) return;
    const [x, y] = [event.clientX - start.x, event.clientY - start.y];
    start.moved ||= Math.hypot(x, y) > 4;
    if (!start.moved) return;
    frame.classList.add("dragging");
    frame.scrollTo({ left: start.left - x, top: start.top - y, behavior: "instant" });
  });
  window.addEventListener("pointerup", () => {
    if (start && start.moved) window.addEventListener("click", (event) => event.stopPropagation(), { capture: true, once: true });
    start = null;
    frame.classList.remove("dragging");
  });
}
