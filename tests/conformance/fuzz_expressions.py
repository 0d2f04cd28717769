"""Random well-typed expressions: each case of a declaration is a template with holes.

Its columns are the holes, filled with other cases, columns and literals of the same type.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent))
import suite
from sqlglot import exp

from penstock.dialects.portable import Refusal, prepare
from penstock.dialects.portable.families import name_of
from penstock.dialects.portable.reading import plain, read

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence

OPERATORS = (
    ("t_num", "i + j"), ("t_num", "i - j"), ("t_num", "j * 3"), ("t_num", "d * d"), ("t_num", "d + i"),
    ("t_num", "i / j"), ("t_num", "-j"), ("t_num", "i // j"), ("t_num", "i % j"), ("t_num", "f * f"),
    ("t_num", "i = j"), ("t_num", "d < i"), ("t_num", "f >= 1"), ("t_num", "b <> i"),
    ("t_num", "i IS DISTINCT FROM j"), ("t_num", "i BETWEEN j AND 10"), ("t_num", "i IN (1, 2, 7)"),
    ("t_num", "i NOT IN (1, NULL)"), ("t_num", "i IS NULL"), ("t_num", "d IS NOT NULL"),
    ("t_num", "CASE WHEN i > j THEN i ELSE j END"), ("t_num", "CASE i WHEN j THEN d WHEN 3 THEN 2 END"),
    ("t_num", "CASE WHEN j <> 0 THEN b // j END"), ("t_num", "i > 1 AND j > 1"), ("t_num", "i > 1 OR d < 1"),
    ("t_num", "CAST(i AS BIGINT)"), ("t_num", "CAST(d AS INTEGER)"), ("t_num", "TRY_CAST(b AS INTEGER)"),
    ("t_num", "CAST(i AS VARCHAR)"), ("t_num", "CAST(d AS VARCHAR)"), ("t_num", "CAST(j AS DECIMAL(18,4))"),
    ("t_str", "s || s"), ("t_str", "s < 'b'"), ("t_str", "s LIKE '%a%'"), ("t_str", "s = 'abc'"),
    ("t_str", "CASE WHEN s < 'b' THEN s ELSE 'x' END"), ("t_str", "NOT (s = 'a')"), ("t_str", "s IN ('', 'a')"),
    ("t_str", "TRY_CAST(s AS INTEGER)"), ("t_str", "TRY_CAST(s AS DATE)"), ("t_str", "TRY_CAST(s AS DOUBLE)"),
    ("t_dt", "d < DATE '2024-01-01'"), ("t_dt", "ts = d"), ("t_dt", "CAST(ts AS DATE)"), ("t_dt", "ts > d"),
    ("t_dt", "CASE WHEN ts > d THEN ts END"), ("t_dt", "d + 1"), ("t_dt", "d - DATE '2024-01-01'"),
    ("t_dt", "ts + INTERVAL 1 DAY"), ("t_dt", "CAST(d AS TIMESTAMP)"), ("t_dt", "tz < TIMESTAMPTZ '2024-01-01 00:00:00Z'"),
)  # fmt: skip
LITERALS = {
    "smallint": ["CAST(3 AS SMALLINT)", "CAST(-1 AS SMALLINT)"],
    "integer": ["0", "1", "-1", "7", "2", "NULL"],
    "bigint": ["CAST(0 AS BIGINT)", "3000000000", "CAST(-5 AS BIGINT)"],
    "varchar": ["''", "'a'", "'Zoë'", "' x '", "'12'", "'a,b'", "NULL"],
    "double": ["CAST(0.5 AS DOUBLE)", "CAST(-2 AS DOUBLE)", "CAST('nan' AS DOUBLE)"],
    "date": ["DATE '2024-02-29'", "DATE '1999-12-31'"],
    "timestamp": ["TIMESTAMP '2024-02-29 23:59:59.5'"],
    "timestamptz": ["TIMESTAMPTZ '2024-03-10 12:00:00Z'"],
    "boolean": ["TRUE", "FALSE", "NULL"],
    "decimal(18,4)": ["CAST(1.5 AS DECIMAL(18,4))", "CAST(-0.25 AS DECIMAL(18,4))"],
    "integer[]": ["[1, 2, NULL]", "[3]"],
    "varchar[]": ["['a', NULL, 'b']", "['']"],
}
# Sums of products of what is far apart: engines' doubles differ in more than their last digits.
_UNSTEADY = re.compile(
    r"^(corr|covar|regr|var|std|skew|kurt|mad|entropy|geometric|product|approx|quantile_cont|median)"
)


@dataclass(frozen=True)
class Template:
    """A case with its holes: the columns that it reads, each with its type."""

    text: str
    type: str
    holes: tuple[tuple[str, str], ...]


@cache
def templates(kind: str = "scalar") -> tuple[Template, ...]:
    """Every case of a kind of function whose type is known; the operators beside the scalars."""
    texts = list(OPERATORS) if kind == "scalar" else []
    for name in suite.names():
        declared = suite.catalog()[name]
        if declared.kind in ({"scalar": ("scalar", "operator")}.get(kind, (kind,))):
            texts += [
                (declared.over, c)
                for c in declared.cases
                if not c.lower().startswith(("select", "with"))
            ]
    found = []
    for table, text in texts:
        try:
            [(_, gives)] = prepare(f"SELECT {text} AS v FROM {table}", suite.SCHEMAS).columns
            tree = read(f"SELECT {text}")
        except Refusal:
            continue
        theirs = suite.SCHEMAS[table]
        used = dict.fromkeys(c.name for c in tree.find_all(exp.Column) if c.name in theirs)
        found.append(Template(text, gives, tuple((c, theirs[c]) for c in used)))
    return tuple(found)


class Maker:
    """Makes expressions over columns."""

    def __init__(self, columns: Mapping[str, str], chance: random.Random) -> None:
        self.columns = dict(columns)
        self.chance = chance
        kinds = {name_of(t) for t in columns.values()} | {name_of(t) for t in LITERALS}
        self._known = [t for t in templates() if all(name_of(kind) in kinds for _, kind in t.holes)]

    def expression(self, depth: int) -> str:
        """A random case, its holes filled."""
        return self.filled(self.chance.choice(self._known), depth)

    def of_type(self, kind: str, depth: int) -> str:
        """An expression of a type: a column, a literal, or a case that gives it."""
        columns = [c for c, t in self.columns.items() if t == kind]
        roll = self.chance.random()
        if depth > 0 and roll < 0.45:
            made = [t for t in self._known if t.type == kind]
            if made:
                return self.filled(self.chance.choice(made), depth)
        texts = LITERALS.get(kind, [])
        if texts and (roll > 0.9 or not columns):
            return self.chance.choice(texts)
        if columns:
            return self.chance.choice(columns)
        same = [c for c, t in self.columns.items() if name_of(t) == name_of(kind) != "decimal"]
        return self.chance.choice(same) if same else f"CAST(NULL AS {kind})"

    def filled(self, template: Template, depth: int, order: Sequence[str] = ()) -> str:
        """A template with its holes filled.

        Args:
            order: what stands in the place of the keys of an ORDER BY, so that no rows tie.
        """
        holes = dict(template.holes)
        tree = read(f"SELECT {template.text}").expressions[0]
        root = exp.Paren(this=tree)
        for node in list(root.find_all(exp.Order)):
            if order and not isinstance(node.parent, exp.WithinGroup):
                node.set("expressions", [exp.Var(this=key) for key in order])
        for node in list(root.find_all(exp.Column)):
            if node.name in holes:
                text = self.of_type(holes[node.name], depth - 1)
                node.replace(exp.Paren(this=exp.Var(this=text)))
        return plain(root.this.sql("duckdb"))


def aggregate(maker: Maker, chance: random.Random, order: Sequence[str]) -> str | None:
    """A random aggregate; None: none goes with these columns."""
    kinds = {name_of(t) for t in maker.columns.values()}
    known = [t for t in templates("aggregate") if {name_of(k) for _, k in t.holes} <= kinds]
    if not known:
        return None
    chosen = chance.choice(known)
    if _UNSTEADY.match(chosen.text):
        steady = {c: t for c, t in maker.columns.items() if t == "integer"}
        return Maker(steady, chance).filled(chosen, 0) if steady else None
    if "DISTINCT" in chosen.text.upper() and "ORDER BY" in chosen.text.upper():
        return None
    return maker.filled(chosen, 1, order)
