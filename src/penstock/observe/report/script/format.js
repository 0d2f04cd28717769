// Numbers as people read them, the same words as penstock/observe/units.py.

const count = (n) => (n === null || n === undefined ? "–" : n.toLocaleString("en-US"));

/** A number of rows in little room: exact up to seven digits. */
function brief(n) {
  if (n === null || n === undefined || n < 1e7) return count(n);
  for (const [unit, size] of [["B", 1e9], ["M", 1e6]]) {
    if (n >= size) return `${(n / size).toPrecision(3)} ${unit}`;
  }
}

const plural = (n, noun) => `${count(n)} ${noun}${n === 1 ? "" : "s"}`;

function seconds(value) {
  if (value === null || value === undefined) return "–";
  if (value < 0.9995) return `${Math.round(value * 1000)} ms`;
  if (value < 59.95) return `${value.toFixed(1)} s`;
  const whole = Math.round(value);
  const two = (n) => String(n).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

function size(bytes) {
  if (bytes === null || bytes === undefined) return "–";
  let unit = "B";
  for (const larger of ["kB", "MB", "GB", "TB", "PB"]) {
    if (bytes < 999.5) break;
    bytes /= 1000;
    unit = larger;
  }
  return `${bytes.toFixed(unit !== "B" && bytes < 99.95 ? 1 : 0)} ${unit}`;
}

function percent(part, whole) {
  const share = whole ? (100 * part) / whole : 0;
  if (part && share < 0.01) return "< 0.01 %";
  return `${share.toFixed(share > 0 && share < 1 ? 2 : 1)} %`;
}

/** The value of a metric that a rule observed. */
function figure(value) {
  if (typeof value !== "number") return value === null ? "NULL" : String(value);
  return Number.isInteger(value) ? count(value) : String(Number(value.toPrecision(6)));
}

function when(text) {
  const moment = new Date(text);
  if (Number.isNaN(moment.getTime())) return text;
  const utc = moment.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium", timeZone: "UTC" });
  return `${utc} UTC`;
}

/** A change since the run before: `+859`, `−12`, or nothing. */
function change(now, before) {
  if (typeof now !== "number" || typeof before !== "number") return "";
  if (now === before) return "same";
  return `${now > before ? "+" : "−"}${count(Math.abs(now - before))}`;
}

/** A value of a row: NULL and the empty text are told from text that looks like them. */
function value(found) {
  if (found === null || found === undefined) return h("span", { class: "null" }, "NULL");
  if (found === "") return h("span", { class: "null" }, "empty text");
  return typeof found === "object" ? JSON.stringify(found) : String(found);
}
