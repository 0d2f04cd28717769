// Elements. Data only ever becomes text: there is no innerHTML in this page.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element: `h("p", {class: "note"}, "text", child)`. Property names are never data. */
function h(tag, properties, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** An SVG element. */
function s(tag, properties, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

/** A heading, what stands beside it, and the content of a part of the page. */
function section(id, title, aside, ...content) {
  const head = h("div", { class: "section-head" }, h("h2", { id: `${id}-title` }, title), aside);
  return h("section", { id, "aria-labelledby": `${id}-title` }, head, content);
}

/**
 * A table. Columns: {title, cell: row => content, number, wide}. On a narrow page a `stacked`
 * table shows each row as a card, and any other one scrolls sideways within itself.
 */
function table(label, columns, rows, { stacked = false, extra = null } = {}) {
  const head = columns.map((c) =>
    h("th", { scope: "col", role: "columnheader", class: c.number && "number" }, c.title));
  const bodies = rows.map((row) => {
    const cells = columns.map((c) =>
      h("td", { role: "cell", class: c.number ? "number" : c.wide && "wide", "data-label": c.title }, c.cell(row)));
    const more = extra && extra(row, columns.length);
    return h("tbody", { role: "rowgroup" }, h("tr", { role: "row" }, cells), more);
  });
  const whole = h("table", { role: "table", "aria-label": label },
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, head)), bodies);
  const frame = { class: stacked ? "table stacked" : "table scroll" };
  if (!stacked) Object.assign(frame, { tabindex: "0", role: "region", "aria-label": label });
  return h("div", frame, whole);
}

/** Shows the first rows of a long list, and a button for the others. `draw(rows)` gives a node. */
function shortened(rows, limit, noun, draw) {
  if (rows.length <= limit) return draw(rows);
  const place = h("div", {}, draw(rows.slice(0, limit)));
  const all = h("button", { type: "button", class: "quiet more", onclick: () => place.replaceChildren(draw(rows)) },
    `Show all ${count(rows.length)} ${noun}`);
  place.append(all);
  return place;
}
