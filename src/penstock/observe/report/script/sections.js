// The parts of the page around the graph.

const STATUS = {
  succeeded: { mark: "✓", word: "Succeeded", means: "" },
  failed: { mark: "✕", word: "Failed", means: "The run did not finish. What was published before stands." },
  stopped: { mark: "✕", word: "Stopped", means: "A stop rule was broken. Nothing of this run was published; what was published before stands." },
  skipped: { mark: "↷", word: "Skipped", means: "Nothing new: the same pipeline over the same input was published before." },
};

const command = (text) => h("code", { class: "command" }, text);
const known = (number, say) => (number === null || number === undefined ? "" : say(number));
const sum = (values) => [...values].reduce((total, n) => total + (n > 0 ? n : 0), 0);

let showNode = () => {};

/** A dataset's name that shows it in the graph. */
function nodeButton(id, name) {
  if (!nodes.has(id)) return name;
  return h("button", { type: "button", class: "link name", onclick: () => showNode(id) }, name);
}

function headerSection() {
  const status = STATUS[report.status] || { mark: "…", word: report.status, means: "" };
  const digest = String(report.program || "");
  return h("header", {},
    h("p", { class: "eyebrow" }, "Run report"),
    h("div", { class: "title" }, h("h1", {}, report.pipeline),
      h("span", { class: `status ${report.status}` }, h("span", { "aria-hidden": "true" }, status.mark), ` ${status.word}`)),
    status.means && h("p", { class: "means" }, status.means),
    h("dl", { class: "run-facts" }, [
      ["Run", h("code", {}, report.run_id)], ["Started", when(report.started_at)], ["Took", seconds(report.seconds)],
      ["Peak memory", size(report.peak_memory_bytes)], ["Engine", report.engine], ["Attempt", count(report.attempt)],
      ["Program", h("code", { title: digest }, digest.slice(0, 19))],
    ].map(([name, found]) => h("div", {}, h("dt", {}, name), h("dd", {}, found)))));
}

function figuresSection() {
  const ends = graph.nodes;
  const read = sum(ends.filter((n) => n.kind === "source").map((n) => n.rows_in));
  const readBefore = sum([...datasetsBefore.values()].filter((d) => d.kind === "source").map((d) => d.rows_in));
  const done = ends.filter((n) => n.kind === "target" && n.state === "done");
  const published = sum(done.map((n) => n.rows));
  const rejected = sum(ends.map((n) => n.rejected));
  const quarantined = sum(ends.map((n) => n.quarantined));
  const failing = quality.filter(broken);
  const worst = failing.length ? (failing.some((q) => q.action === "stop") ? "bad" : "attention") : "";
  const since = before && change(read, readBefore);
  const figures = [
    ["Rows read", count(read), [`from ${plural(ends.filter((n) => n.kind === "source").length, "source")}`, since && since !== "same" && `${since} since the run before`]],
    ["Rows published", count(published), [`to ${done.length} of ${plural(ends.filter((n) => n.kind === "target").length, "target")}`]],
    ["Rows set aside", count(quarantined + rejected), [quarantined && `${count(quarantined)} quarantined`, rejected && `${count(rejected)} rejected`], quarantined + rejected ? "attention" : ""],
    ["Rules kept", quality.length ? `${quality.length - failing.length} of ${quality.length}` : "no rules", [failing.length && h("a", { href: "#quality" }, `${failing.length} broken`)], worst],
  ];
  return h("ul", { class: "figures" }, figures.map(([name, number, notes, kind]) => h("li", { class: kind || null },
    h("span", { class: "figure-name" }, name), h("span", { class: "figure" }, number),
    h("span", { class: "figure-note" }, notes.filter(Boolean).flatMap((n, i) => (i ? [", ", n] : [n]))))));
}

/** The numbers of `kpis`; none without them. */
function kpisSection() {
  const kpis = report.kpis || [];
  const shown = (k) => (k.value === null ? "not known" : `${typeof k.value === "number" ? count(k.value) : k.value}${k.unit ? ` ${k.unit}` : ""}`);
  return kpis.length > 0 && section("kpis", "Key figures", null,
    table("Key figures", [{ title: "Name", cell: (k) => k.name }, { title: "Value", cell: shown, number: true }], kpis));
}

function errorSection() {
  const error = report.error;
  if (!error) return null;
  const place = error.file && [error.file, error.line, error.column].filter((x) => x !== null && x !== undefined).join(":");
  const guilty = graph.nodes.filter((n) => n.state === "failed" || n.state === "stopped");
  const seen = quality.filter((q) => broken(q) && q.action === "stop" && sampleOf(q));
  return h("section", { id: "error", class: "error", "aria-labelledby": "error-title" },
    h("h2", { id: "error-title" }, "What went wrong", h("code", { class: "error-code" }, error.code)),
    h("p", { class: "message" }, error.message),
    h("dl", { class: "facts" },
      place && [h("dt", {}, "Where"), h("dd", {}, h("code", {}, place))],
      guilty.length > 0 && [h("dt", {}, "Dataset"), h("dd", {}, guilty.flatMap((n, i) => [i ? ", " : "", nodeButton(n.id, n.name)]))],
      seen.length > 0 && [h("dt", {}, "Rows"), h("dd", {}, h("a", { href: "#quality" }, `${seen.map((q) => plural(sampleOf(q).rows.length, "row")).join(" and ")} that break it, below`))],
      error.hint && [h("dt", {}, "What to do"), h("dd", { class: "hint" }, error.hint)],
      [h("dt", {}, "More"), h("dd", {}, command(`penstock explain ${error.code}`))]));
}

function notesSection() {
  if (!(report.notes || []).length) return null;
  return h("ul", { class: "notes" }, report.notes.map((note) => h("li", {}, note)));
}

function outcomeMark(q) {
  if (!broken(q)) return h("span", { class: "mark done" }, q.outcome === "passed" ? "✓ passed" : q.outcome);
  const kind = q.action === "stop" ? "failed" : "attention";
  return h("span", { class: `mark ${kind}` }, q.action === "stop" ? "✕ failed" : "! failed");
}

function qualitySection() {
  if (!quality.length) return null;
  const weight = (q) => (broken(q) ? SEVERITY[q.action] : 3);
  const sorted = quality.map((q, i) => [q, i]).sort(([a, i], [b, j]) => weight(a) - weight(b) || i - j).map(([q]) => q);
  const columns = [
    { title: "Rule", wide: true, cell: (q) => [h("code", { class: "rule" }, q.rule), broken(q) && q.reason && h("p", { class: "reason" }, q.reason)] },
    { title: "Dataset", cell: (q) => nodeButton(`dataset:${q.dataset}`, q.dataset) },
    { title: "Action", cell: (q) => q.action },
    { title: "Outcome", cell: outcomeMark },
    { title: "Observed", cell: (q) => Object.entries(q.observed || {}).map(([name, found]) => h("div", { class: "observed" }, h("span", { class: "muted" }, name), ` ${figure(found)}`)) },
    { title: "Failed rows", number: true, cell: (q) => known(q.failed_rows, count) },
  ];
  const draw = (rows) => table("Quality rules", columns, rows, { stacked: true, extra: sampleRow });
  const failing = sorted.filter(broken).length;
  return section("quality", "Quality", h("span", { class: "muted" }, `${quality.length - failing} of ${plural(quality.length, "rule")} kept`),
    sorted.some((q) => broken(q) && q.action === "quarantine") &&
      h("p", { class: "advice" }, "Rows that break a quarantine rule are kept, with the rule and the reason: ", command("penstock quarantine list")),
    shortened(sorted, Math.max(40, failing), "rules", draw));
}

/** The row under a rule that opens to the rows that break it. */
function sampleRow(outcome, width) {
  const sample = sampleOf(outcome);
  if (!sample || !sample.rows.length) return null;
  const all = outcome.failed_rows > sample.rows.length ? `${count(sample.rows.length)} of ${plural(outcome.failed_rows, "row")}` : plural(sample.rows.length, "row");
  const open = outcome.action === "stop";
  return h("tr", { class: "sample", role: "row" }, h("td", { colspan: width, role: "cell" },
    h("details", { open }, h("summary", {}, `${all} that break it`), sampleTable(outcome, sample))));
}

function datasetsSection() {
  const rows = graph.nodes.filter((n) => n.kind !== "target");
  const cell = (name) => (node) => {
    const counts = countsOf(node);
    if (!counts || typeof counts[name] !== "number") return h("span", { class: "muted" }, counts && counts[name] === undefined ? "" : "–");
    return h("span", { class: counts[name] ? null : "muted" }, count(counts[name]));
  };
  const aside = ASIDE.filter((name) => rows.some((n) => (countsOf(n) || {})[name] > 0));
  const columns = [
    { title: "Dataset", cell: (n) => nodeButton(n.id, n.name) },
    { title: "Kind", cell: (n) => (n.kind === "source" ? `source, ${n.how}` : HOW[n.how] || n.how) },
    { title: "Rows in", number: true, cell: cell("rows_in") },
    ...aside.map((name) => ({ title: name[0].toUpperCase() + name.slice(1), number: true, cell: cell(name) })),
    { title: "Rows out", number: true, cell: cell("rows_out") },
    before && { title: "Since the run before", number: true, cell: (n) => h("span", { class: "muted" }, change((countsOf(n) || {}).rows_out, (countsBefore(n) || {}).rows_out)) },
    { title: "Time", number: true, cell: (n) => seconds((countsOf(n) || {}).seconds) },
  ].filter(Boolean);
  return section("datasets", "Rows", null, shortened(rows, 60, "datasets", (some) => table("Rows of each dataset", columns, some)));
}

function timingsSection() {
  const timed = graph.nodes.filter((n) => typeof (countsOf(n) || {}).seconds === "number")
    .sort((a, b) => countsOf(b).seconds - countsOf(a).seconds);
  if (!timed.length) return null;
  const past = (n) => (countsBefore(n) || {}).seconds;
  const longest = Math.max(...timed.flatMap((n) => [countsOf(n).seconds, past(n) || 0]), 1e-6);
  const draw = (some) => h("ol", { class: "timings" }, some.map((n) => {
    const bar = h("span", { class: `time-bar ${n.kind}` });
    bar.style.width = `${(100 * countsOf(n).seconds) / longest}%`;
    const tick = typeof past(n) === "number" && h("span", { class: "time-before", title: `${seconds(past(n))} in the run before` });
    if (tick) tick.style.left = `${(100 * past(n)) / longest}%`;
    return h("li", {}, h("span", { class: "time-name" }, nodeButton(n.id, n.name)),
      h("span", { class: "time-track" }, bar, tick), h("span", { class: "time-value" }, seconds(countsOf(n).seconds)));
  }));
  const key = h("span", { class: "muted key" }, h("span", { class: "swatch source" }), "read ", h("span", { class: "swatch transform" }), "transform ",
    h("span", { class: "swatch target" }), "publish", before && [" ", h("span", { class: "swatch before" }), "run before"]);
  return section("timings", "Time", key, shortened(timed, 20, "entries", draw),
    h("p", { class: "muted small" }, `Datasets are worked on side by side: the times do not add up to the ${seconds(report.seconds)} of the run.`));
}

function targetsSection() {
  const rows = graph.nodes.filter((n) => n.kind === "target");
  if (!rows.length) return null;
  const of = (n) => targets.get(n.name) || {};
  const columns = [
    { title: "Target", cell: (n) => nodeButton(n.id, n.name) },
    { title: "State", cell: (n) => (n.state === "done" ? h("span", { class: "mark done" }, "✓ published") : stateMark(n)) },
    { title: "Rows", number: true, cell: (n) => known(of(n).rows_loaded, count) },
    { title: "Files", number: true, cell: (n) => known(of(n).files, count) },
    { title: "Size", number: true, cell: (n) => known(of(n).bytes, size) },
    { title: "Location", wide: true, cell: (n) => of(n).location && h("code", {}, of(n).location) },
  ];
  return section("targets", "Targets", null, shortened(rows, 60, "targets", (some) => table("Targets", columns, some, { stacked: true })));
}
