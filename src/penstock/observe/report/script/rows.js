// Rows: what became of them, and samples of those that broke a rule.

const ASIDE = ["filtered", "deduplicated", "quarantined", "rejected"];

/** Whether the rows of a node go one to one, so that rows in = rows out + what was set aside. */
function oneToOne(node) {
  return node.kind === "source" || Boolean((statements.get(node.name) || {}).row_by_row);
}

/** The bar of a dataset's rows, with its legend: the sum is stated, not left to the reader. */
function accounting(node) {
  const counts = countsOf(node);
  if (!counts || node.kind === "target") return null;
  const known = typeof counts.rows_out === "number";
  if (!oneToOne(node) || !known) {
    return h("p", { class: "flow" }, h("b", {}, count(counts.rows_in)), " rows in ", h("span", { class: "muted" }, "→ "),
      h("b", {}, known ? count(counts.rows_out) : "–"), " rows out");
  }
  const parts = [["out", counts.rows_out], ...ASIDE.map((name) => [name, counts[name]])]
    .filter(([name, rows]) => rows > 0 || name === "out");
  const bar = h("div", { class: "bar", "aria-hidden": "true" }, parts.map(([name, rows]) => {
    const part = h("span", { class: `part ${name}` });
    part.style.flexGrow = String(rows);
    return part;
  }));
  const legend = h("ul", { class: "legend" }, parts.map(([name, rows]) => h("li", {},
    h("span", { class: `swatch part ${name}` }), h("b", {}, count(rows)), ` ${name === "out" ? "rows out" : name} `,
    h("span", { class: "muted" }, percent(rows, counts.rows_in)))));
  return h("div", { class: "accounting" },
    h("p", { class: "flow" }, h("b", {}, count(counts.rows_in)), " rows in"), bar, legend);
}

/** Sample rows of a rule, the columns that the rule names first and marked. */
function sampleTable(outcome, sample) {
  const names = [...new Set(sample.rows.flatMap((row) => Object.keys(row)))];
  const words = new Set(Array.from(outcome.rule.matchAll(/"([^"]*)"|([A-Za-z_]\w*)/g), (m) => (m[1] ?? m[2]).toLowerCase()));
  const isNamed = (name) => words.has(name.toLowerCase());
  const ordered = [...names.filter(isNamed), ...names.filter((name) => !isNamed(name))];
  const columns = ordered.map((name) => ({
    title: isNamed(name) ? h("mark", {}, name) : name,
    number: sample.rows.some((row) => typeof row[name] === "number"),
    cell: (row) => h("span", { class: "value" }, value(Object.hasOwn(row, name) ? row[name] : null)),
  }));
  return table(`Rows that break ${outcome.rule}`, columns, sample.rows);
}

/** The records that could not be read: where each stands, why, and its raw text. */
function rejectedSection() {
  const shown = extra.rejected || [];
  if (!shown.length) return null;
  const all = [...datasets.values()].reduce((sum, d) => sum + (d.rejected || 0), 0);
  const more = all > shown.length ? `the first ${count(shown.length)} of ${count(all)}` : plural(all, "record");
  const columns = [
    { title: "Where", cell: (r) => h("code", {}, r.line ? `${r.file}:${r.line}` : r.file) },
    { title: "Source", cell: (r) => nodeButton(`dataset:${r.dataset}`, r.dataset) },
    { title: "Reason", wide: true, cell: (r) => h("span", { class: "reason" }, r.reason) },
    { title: "Raw text", wide: true, cell: (r) => h("code", { class: "raw" }, value(r.raw)) },
  ];
  return section("rejected", "Records that could not be read", h("span", { class: "muted" }, more),
    h("p", { class: "advice" }, "They are kept in the quarantine, raw text and all: ", command("penstock quarantine list")),
    table("Records that could not be read", columns, shown, { stacked: true }));
}

const CHANGES = {
  added: "new, taken up", ignored: "new, left out", missing: "missing, read as NULL", widened: "type grew",
  retyped: "type changed", renamed_case: "other letter case", reordered: "other position",
};

function schemaSection() {
  const rows = report.schema_changes || [];
  if (!rows.length) return null;
  const columns = [
    { title: "Source", cell: (c) => nodeButton(`dataset:${c.dataset}`, c.dataset) },
    { title: "Column", cell: (c) => h("code", { class: "uncut" }, c.column) },
    { title: "Change", cell: (c) => h("span", { class: "uncut" }, CHANGES[c.change] || c.change) },
    { title: "From → to", wide: true, cell: (c) => [c.from, c.to].filter((x) => x !== null).join(" → ") },
    { title: "First in", wide: true, cell: (c) => c.file && h("code", {}, c.file) },
  ];
  return section("schema", "Schema changes", null, shortened(rows, 60, "changes", (some) => table("Schema changes", columns, some, { stacked: true })));
}
