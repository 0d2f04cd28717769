"""Random well-typed expressions on every engine: `python tests/conformance/fuzz.py 5000 [--seed 1]`.

Each case of a declaration is a template: its columns are holes, filled with other cases' results,
columns and literals of the same type. What the language refuses is counted and passed over; what
runs must give the same rows, or fail, on all engines. A difference is printed with the smallest
expression that shows it.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import nasty
import suite
from machines import Failed, start
from sqlglot import exp

from penstock.dialects.portable import Prepared, Refusal, prepare
from penstock.dialects.portable.families import name_of
from penstock.dialects.portable.reading import plain, read

OPERATORS = (
    ("t_num", "i + j"), ("t_num", "i - j"), ("t_num", "j * 3"), ("t_num", "d * d"), ("t_num", "d + i"),
    ("t_num", "i / j"), ("t_num", "-j"), ("t_num", "i = j"), ("t_num", "d < i"), ("t_num", "f >= 1"),
    ("t_num", "i IS DISTINCT FROM j"), ("t_num", "i BETWEEN j AND 10"), ("t_num", "i IN (1, 2, 7)"),
    ("t_num", "CASE WHEN i > j THEN i ELSE j END"), ("t_num", "i IS NULL"),
    ("t_str", "s || s"), ("t_str", "s < 'b'"), ("t_str", "s LIKE '%a%'"), ("t_str", "s = 'abc'"),
    ("t_str", "CASE WHEN s < 'b' THEN s ELSE 'x' END"), ("t_str", "NOT (s = 'a')"),
    ("t_dt", "d < DATE '2024-01-01'"), ("t_dt", "ts = d"), ("t_dt", "CAST(ts AS DATE)"),
    ("t_dt", "CASE WHEN ts > d THEN ts END"),
)  # fmt: skip
LITERALS = {
    "integer": ["0", "1", "-1", "7", "NULL"],
    "bigint": ["0", "3000000000", "-5"],
    "varchar": ["''", "'a'", "'Zoë'", "' x '", "'12'", "NULL"],
    "double": ["CAST(0.5 AS DOUBLE)", "CAST(-2 AS DOUBLE)"],
    "date": ["DATE '2024-02-29'", "DATE '1999-12-31'"],
    "timestamp": ["TIMESTAMP '2024-02-29 23:59:59.5'"],
    "boolean": ["TRUE", "FALSE", "i IS NULL"],
}


@dataclass
class Template:
    """A case with its holes."""

    table: str
    text: str
    type: str


def templates() -> list[Template]:
    """Every scalar case whose type is known, and the operators."""
    found = []
    texts = [(t, x) for t, x in OPERATORS]
    for name in suite.names():
        declared = suite.catalog()[name]
        if declared.kind == "scalar":
            texts += [
                (declared.over, c) for c in declared.cases if not c.lower().startswith("select")
            ]
    for table, text in texts:
        try:
            [(_, kind)] = prepare(f"SELECT {text} AS v FROM {table}", suite.SCHEMAS).columns
        except Refusal:
            continue
        found.append(Template(table, text, kind))
    return found


class Maker:
    """Makes expressions over one table."""

    def __init__(self, table: str, known: list[Template], chance: random.Random) -> None:
        self.table = table
        self.columns = suite.SCHEMAS[table]
        self.chance = chance
        self.known = known

    def expression(self, depth: int) -> str:
        """A random case, its holes filled."""
        mine = [t for t in self.known if t.table == self.table or self._same_columns(t)]
        return self._filled(self.chance.choice(mine), depth)

    def _same_columns(self, template: Template) -> bool:
        """Whether its columns can be holes of types that this table has."""
        theirs = suite.SCHEMAS[template.table]
        kinds = {name_of(t) for t in self.columns.values()}
        used = {c.name for c in read(f"SELECT {template.text}").find_all(exp.Column)}
        return all(name_of(theirs[c]) in kinds for c in used if c in theirs)

    def _filled(self, template: Template, depth: int) -> str:
        theirs = suite.SCHEMAS[template.table]
        tree = read(f"SELECT {template.text}").expressions[0]
        root = exp.Paren(this=tree)
        for node in list(root.find_all(exp.Column)):
            if node.name in theirs:
                text = self.of_type(theirs[node.name], depth - 1)
                node.replace(exp.Paren(this=exp.Var(this=text)))
        return plain(root.this.sql("duckdb"))

    def of_type(self, kind: str, depth: int) -> str:
        """An expression of a type: a column, a literal, or a case that gives it."""
        columns = [c for c, t in self.columns.items() if t == kind]
        roll = self.chance.random()
        if depth > 0 and roll < 0.45:
            made = [t for t in self.known if t.type == kind]
            made = [t for t in made if t.table == self.table or self._same_columns(t)]
            if made:
                return self._filled(self.chance.choice(made), depth)
        texts = LITERALS.get(kind, [])
        if texts and (roll > 0.9 or not columns):
            return self.chance.choice(texts)
        return self.chance.choice(columns) if columns else f"CAST(NULL AS {kind})"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--depth", type=int, default=3)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--engines", default="duckdb,postgres,spark")
    given = parser.parse_args()
    chance = random.Random(given.seed)
    known = templates()
    tally: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        nasty.write(Path(folder))
        machines = [start(n, Path(folder)) for n in given.engines.split(",")]
        while tally["made"] < given.count:
            table = chance.choice(["t_str", "t_num", "t_dt", "t_evt", "t_cast"])
            maker = Maker(table, known, chance)
            batch = []
            while len(batch) < given.batch and tally["made"] < given.count:
                tally["made"] += 1
                text = maker.expression(chance.randint(1, given.depth))
                if all(_takes(text, table, m.name) for m in machines):
                    batch.append(text)
                else:
                    tally["refused"] += 1
            _compare(machines, table, batch, tally)
        for machine in machines:
            machine.close()
    print(", ".join(f"{n:,} {what}" for what, n in sorted(tally.items())))
    return bool(tally["different"])


def _query(texts: list[str], table: str) -> Prepared:
    key = "eid" if table == "t_evt" else "id"
    items = ", ".join(f"{t} AS v{i}" for i, t in enumerate(texts))
    return prepare(f"SELECT {key} AS k, {items} FROM {table}", suite.SCHEMAS)


def _takes(text: str, table: str, engine: str) -> bool:
    try:
        _query([text], table).render(engine)
    except Refusal:
        return False
    return True


def _rows(machine, texts: list[str], table: str) -> list[str]:
    try:
        rows = machine.rows(_query(texts, table).render(machine.name))
    except Failed:
        return [suite.ERROR]
    return sorted(" | ".join(row) for row in rows)


def _compare(machines, table: str, texts: list[str], tally: Counter[str]) -> None:
    if not texts:
        return
    given = [_rows(m, texts, table) for m in machines]
    fine = [suite.ERROR] not in given and not any(
        suite.differences(given[0], other) for other in given[1:]
    )
    if fine:
        tally["the same"] += len(texts)
    elif len(texts) > 1:
        half = len(texts) // 2
        _compare(machines, table, texts[:half], tally)
        _compare(machines, table, texts[half:], tally)
    elif all(g == [suite.ERROR] for g in given):
        tally["failing everywhere"] += 1
    else:
        tally["different"] += 1
        print(f"{table}: {texts[0]}")
        for machine, rows in zip(machines[1:], given[1:], strict=True):
            found = suite.differences(given[0], rows)
            if found or (rows == [suite.ERROR]) != (given[0] == [suite.ERROR]):
                print(f"   {machine.name}: " + "; ".join(found[:2] or ["fails, or does not"]))


if __name__ == "__main__":
    sys.exit(main())
