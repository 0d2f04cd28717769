// Where a column comes from and where it goes.

const linkKey = (id, column) => JSON.stringify([id, column]);
const upstream = new Map();
const downstream = new Map();

function link(id, column, fromId, fromColumn) {
  const here = linkKey(id, column);
  const there = linkKey(fromId, fromColumn);
  if (!upstream.has(here)) upstream.set(here, []);
  if (!downstream.has(there)) downstream.set(there, []);
  upstream.get(here).push([fromId, fromColumn]);
  downstream.get(there).push([id, column]);
}

for (const made of statements.values()) {
  for (const [column, origins] of Object.entries(made.lineage || {})) {
    for (const [dataset, origin] of origins) link(`dataset:${made.dataset}`, column, `dataset:${dataset}`, origin);
  }
}
for (const load of loads.values()) {
  for (const { name } of load.schema || []) link(`target:${load.target}`, name, `dataset:${load.dataset}`, name);
}

/**
 * Everything a column is computed from (`up`) and everything computed from it (`down`), nearest
 * first: [[node id, column]]; with the nodes and the edges ("from to") they pass.
 */
function trace(id, column) {
  const found = { up: [], down: [], columns: new Map([[id, [column]]]), edges: new Set() };
  for (const [links, list] of [[upstream, found.up], [downstream, found.down]]) {
    const seen = new Set([linkKey(id, column)]);
    const waiting = [[id, column]];
    while (waiting.length) {
      const [at, name] = waiting.shift();
      for (const [next, nextName] of links.get(linkKey(at, name)) || []) {
        found.edges.add(links === upstream ? `${next} ${at}` : `${at} ${next}`);
        const key = linkKey(next, nextName);
        if (seen.has(key)) continue;
        seen.add(key);
        list.push([next, nextName]);
        waiting.push([next, nextName]);
        if (!found.columns.has(next)) found.columns.set(next, []);
        found.columns.get(next).push(nextName);
      }
    }
  }
  return found;
}
