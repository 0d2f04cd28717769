// The run, as embedded in the page. Maps, because names are data and objects have names of their own.

const { report, program, extra, graph } = JSON.parse(document.getElementById("data").textContent);

const byName = (list, key) => new Map((list || []).map((item) => [item[key], item]));
const entries = (object) => new Map(Object.entries(object || {}));

const nodes = byName(graph.nodes, "id");
const reads = byName(program.reads, "dataset");
const statements = byName(program.statements, "dataset");
const loads = byName(program.loads, "target");
const datasets = entries(report.datasets);
const targets = entries(report.targets);
const places = entries(program.places);
const quality = report.quality || [];
const before = extra.previous || null;
const datasetsBefore = entries(before && before.datasets);
const targetsBefore = entries(before && before.targets);
const samples = new Map((extra.samples || []).map((x) => [JSON.stringify([x.dataset, x.rule]), x]));

const SEVERITY = { stop: 0, quarantine: 1, warn: 2 };
const broken = (outcome) => outcome.outcome === "failed";

/** What was counted for a node: an entry of the report's `datasets` or `targets`. */
function countsOf(node, run = { datasets, targets }) {
  return (node.kind === "target" ? run.targets : run.datasets).get(node.name);
}

const countsBefore = (node) => countsOf(node, { datasets: datasetsBefore, targets: targetsBefore });

/** The columns of a node: [{name, type, required}]. */
function columnsOf(node) {
  if (node.kind === "target") return loads.get(node.name).schema;
  return (reads.get(node.name) || statements.get(node.name)).schema || [];
}

const sampleOf = (outcome) => samples.get(JSON.stringify([outcome.dataset, outcome.rule]));

/** `file:line:column` of a node, or nothing. */
function placeOf(node) {
  const place = places.get(`${node.kind === "target" ? "load" : "dataset"}:${node.name}`);
  return place ? place.join(":") : "";
}
