// The details of the node that was clicked, and the lineage of the column that was clicked.

function facts(pairs) {
  const shown = pairs.filter(([, found]) => found !== null && found !== undefined && found !== "");
  return h("dl", { class: "facts" }, shown.map(([name, found]) => [h("dt", {}, name), h("dd", {}, found)]));
}

function plainOption(option) {
  return h("code", {}, typeof option === "object" && option !== null ? JSON.stringify(option) : String(option));
}

function timing(node) {
  const counts = countsOf(node);
  if (!counts || typeof counts.seconds !== "number") return null;
  const was = countsBefore(node);
  const rows = node.kind === "target" ? counts.rows_loaded : counts.rows_in;
  const rate = counts.seconds > 0.01 && rows > 0 ? `, ${count(Math.round(rows / counts.seconds))} rows/s` : "";
  const past = was && typeof was.seconds === "number" ? ` (${seconds(was.seconds)} in the run before)` : "";
  return seconds(counts.seconds) + rate + past;
}

function nodeFacts(node) {
  const read = reads.get(node.name);
  const load = node.kind === "target" && loads.get(node.name);
  const made = statements.get(node.name);
  const pairs = [["Time", timing(node)], ["Defined at", placeOf(node) && h("code", {}, placeOf(node))]];
  if (load) {
    const done = targets.get(node.name) || {};
    pairs.unshift(["Published", done.version && `${plural(done.rows_loaded, "row")} in ${plural(done.files, "file")}, ${size(done.bytes)}`],
      ["Location", done.location && h("code", {}, done.location)], ["Version", done.version && h("code", {}, done.version)]);
    pairs.push(["Connector", load.connector], ["Mode", load.mode.replaceAll("_", " ")], ["Keys", load.keys.join(", ")],
      ["Partitioned by", load.partition_by.join(", ")]);
  } else if (read && node.kind === "source") {
    const counts = datasets.get(node.name);
    pairs.push(["Read", counts && size(counts.bytes)], ["Connector", read.connector],
      ...Object.entries(read.options).map(([name, option]) => [name, plainOption(option)]),
      ["Bad records", read.on_bad_record], ["Schema", `evolution: ${read.schema_evolution}`]);
  } else if (made) {
    if (made.python) pairs.push(["Function", h("code", {}, `${made.python.file}:${made.python.function}`)]);
    if (made.command.length) pairs.push(["Command", h("code", {}, made.command.join(" "))]);
  }
  return facts(pairs);
}

function nodeChecks(node) {
  const mine = node.kind === "target" ? [] : quality.filter((q) => q.dataset === node.name);
  if (!mine.length) return null;
  return h("div", { class: "part-of-panel" }, h("h4", {}, "Rules"),
    h("ul", { class: "rules" }, mine.map((q) => h("li", {}, outcomeMark(q), " ", h("code", {}, q.rule),
      h("span", { class: "muted" }, broken(q) && q.failed_rows ? ` ${plural(q.failed_rows, "row")}` : "")))));
}

function nodeCode(node) {
  const made = node.kind === "transform" && statements.get(node.name);
  if (!made) return null;
  const steps = [];
  for (const stage of made.stages) {
    if (!steps.length || steps.at(-1)[0].step !== stage.step) steps.push([]);
    steps.at(-1).push(stage);
  }
  if (made.stages.length > 1) {
    return h("div", { class: "part-of-panel" }, h("h4", {}, "Steps, as SQL"), steps.map((stages, i) =>
      h("details", { open: steps.length < 4 }, h("summary", {}, `${i + 1}. ${stages[0].step}`), stages.map((stage) => codeBlock(stage.sql)))));
  }
  const sql = made.stages.length ? made.stages[0].sql : made.sql;
  return sql && h("div", { class: "part-of-panel" }, h("h4", {}, made.python || made.command.length ? "Input" : "SQL"), codeBlock(sql));
}

function lineageList(title, found, none, onSelect) {
  const items = found.map(([id, column]) => {
    const node = nodes.get(id);
    const name = node ? node.name : id.slice(id.indexOf(":") + 1);
    return h("li", {}, h("button", { type: "button", class: "link", onclick: () => node && onSelect(id, column) },
      h("span", { class: "muted" }, `${name}.`), column));
  });
  return [h("h5", {}, title), items.length ? h("ul", {}, items) : h("p", { class: "muted" }, none)];
}

function columnList(node, chosen, onSelect) {
  const columns = columnsOf(node);
  const draw = (some) => h("ul", { class: "columns" }, some.map((column) => {
    const open = column.name === chosen;
    const button = h("button", { type: "button", class: "column", "data-column": column.name, "aria-expanded": String(open),
      onclick: () => onSelect(node.id, open ? null : column.name, column.name) },
      h("span", { class: "column-name" }, column.name),
      h("span", { class: "column-type" }, column.type, column.required && h("span", { class: "required" }, " required")));
    if (!open) return h("li", {}, button);
    const found = trace(node.id, column.name);
    return h("li", { class: "open" }, button, h("div", { class: "lineage", role: "status" },
      lineageList("Comes from", found.up, node.kind === "source" ? "read from the source" : "no column: a count or a constant", onSelect),
      lineageList("Goes into", found.down, "nothing further", onSelect)));
  }));
  const at = columns.findIndex((c) => c.name === chosen);
  return h("div", { class: "part-of-panel" },
    h("h4", {}, plural(columns.length, "column"), h("span", { class: "muted" }, " – click one to see its lineage")),
    shortened(columns, Math.max(200, at + 1), "columns", draw));
}

function stateMark(node) {
  const note = noteOf(node);
  const kind = note.kind === "plain" ? "done" : note.kind;
  return h("span", { class: `mark ${kind}` }, note.kind === "plain" ? "✓ done" : note.text);
}

/** The panel's content for a node; `column` is the one whose lineage is shown, if any. */
function drawPanel(node, column, onSelect) {
  const what = [node.kind, node.kind !== "source" || node.how !== "file" ? HOW[node.how] || node.how : "file"].join(" · ");
  return [
    h("div", { class: "panel-head" }, h("h3", {}, node.name), stateMark(node), h("p", { class: "muted" }, what)),
    accounting(node), nodeFacts(node), nodeChecks(node), columnList(node, column, onSelect), nodeCode(node),
  ];
}
