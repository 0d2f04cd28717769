// SQL, coloured simply: keywords, text, numbers, comments. Not a parser.

const KEYWORDS = new Set(("all and anti any as asc between by case cast cross current desc distinct else end " +
  "except exclude exists extract false filter first following for from full group grouping having if ilike in " +
  "inner intersect interval is join lateral last left like limit natural not null nulls offset on or order outer " +
  "over partition preceding qualify range recursive right rollup row rows select semi sets then true try_cast " +
  "unbounded union unnest using values when where window with within").split(" "));

const TOKEN = /(--[^\n]*|\/\*[^]*?\*\/)|('(?:[^']|'')*')|("(?:[^"]|"")*")|(\b\d+(?:\.\d+)?(?:e[+-]?\d+)?\b)|([a-z_]\w*)|([^])/gi;
const CLAUSE = new Set("select from where group having qualify order limit union left right full inner join cross".split(" "));

/** The tokens of a query: [kind, text]. */
function tokens(sql) {
  return Array.from(sql.matchAll(TOKEN), ([text, comment, string, name, number, word]) => {
    if (comment) return ["comment", text];
    if (string) return ["string", text];
    if (number) return ["figure", text];
    if (word && KEYWORDS.has(text.toLowerCase())) return ["keyword", text];
    return [name || word ? "word" : "", text];
  });
}

/** A query as a coloured block; one long line is broken before each clause. */
function codeBlock(sql) {
  const code = h("code", {});
  const wrap = sql.length > 80 && !sql.includes("\n");
  let depth = 0;
  let run = "";
  let last = "";
  const flush = () => { if (run) code.append(run); run = ""; };
  for (const [kind, text] of tokens(sql)) {
    depth += text === "(" ? 1 : text === ")" ? -1 : 0;
    const word = text.toLowerCase();
    const joined = word === "join" && /^(left|right|full|inner|cross|outer|semi|anti)$/.test(last);
    if (wrap && depth === 0 && kind === "keyword" && CLAUSE.has(word) && !joined && (run || code.hasChildNodes())) {
      run = run.replace(/ $/, "\n");
    }
    if (text.trim()) last = word;
    if (kind && kind !== "word") {
      flush();
      code.append(h("span", { class: `sql-${kind}` }, text));
    } else run += text;
  }
  flush();
  return h("pre", { class: "code", tabindex: "0" }, code);
}
