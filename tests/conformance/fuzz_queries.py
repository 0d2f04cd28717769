"""Random well-typed queries: relations upon relations, with random expressions in every clause.

Each step takes a relation (a query whose columns have fresh names) and makes another. Where the
order of rows matters, all columns are its keys: rows that still tie are the same.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent))
import fuzz_expressions
import suite
from fuzz_expressions import LITERALS, Maker
from fuzzing import Case

from penstock.dialects.portable import Refusal, prepare
from penstock.dialects.portable.families import name_of

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

TABLES = ("t_num", "t_str", "t_dt", "t_evt", "t_dim", "t_sales", "t_a", "t_b", "t_cast", "t_arr")
_ORDERED = frozenset(
    [
        "smallint",
        "integer",
        "bigint",
        "decimal",
        "double",
        "varchar",
        "date",
        "timestamp",
        "timestamptz",
        "boolean",
    ]
)
# What may stand in GROUP BY, DISTINCT, joins and set operations.
_KEYS = _ORDERED - {"double"}
_UNITED = ("UNION ALL", "UNION", "INTERSECT", "EXCEPT", "INTERSECT ALL", "EXCEPT ALL")
_FRAMES = (
    "",
    "",
    " ROWS BETWEEN 1 PRECEDING AND CURRENT ROW",
    " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING",
    " ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING",
    " RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW",
    " ROWS BETWEEN 1 FOLLOWING AND 2 FOLLOWING",
)
_OVER_ROWS = (
    "row_number()", "rank()", "dense_rank()", "percent_rank()", "cume_dist()", "ntile(3)",
    "lag({0})", "lead({0}, 2)", "lag({0}, 1, {0})", "lag({0} IGNORE NULLS)",
)  # fmt: skip
_OVER_FRAME = (
    "first_value({0})", "last_value({0})", "nth_value({0}, 2)", "count({0})", "count(*)", "max({0})", "min({0})",
    "first_value({0} IGNORE NULLS)", "last_value({0} IGNORE NULLS)",
)  # fmt: skip
_OVER_WHOLE = ("sum({0})", "avg({0})", "bit_or({0})")


@dataclass
class Relation:
    """A query, what its columns are, and the expressions in it for `Case.pieces`."""

    sql: str
    columns: dict[str, str]
    pieces: list[tuple[str, str]]

    def of(self, kinds: frozenset[str]) -> list[str]:
        """Columns of some families."""
        return [c for c, t in self.columns.items() if name_of(t) in kinds]


class Queries:
    """Makes queries.

    Args:
        takes: whether a query compiles for every engine and is small enough; a step that makes one
            that does not is taken back.
    """

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.refused = 0
        self._count = 0
        steps: list[tuple[int, Callable[[Relation], Relation | None]]] = [
            (3, self._filtered),
            (3, self._projected),
            (5, self._joined),
            (4, self._grouped),
            (3, self._windowed),
            (2, self._united),
            (1, self._distinct),
            (1, self._distinct_on),
            (2, self._beside_query),
            (2, self._limited),
            (1, self._qualified),
            (1, self._unnested),
            (1, self._common_table),
            (1, self._rolled),
            (1, self._cases),
            (1, self._renamed),
            (1, self._pivoted),
        ]
        self._steps = [s for weight, s in steps for _ in range(weight)]

    def case(self) -> Case:
        """A query that compiles."""
        while True:
            made = self._relation(self.chance.randint(1, 4))
            if made is not None:
                return Case(made.sql, tuple(made.pieces))

    def _relation(self, depth: int) -> Relation:
        made = self._base()
        for _ in range(depth):
            step = self.chance.choice(self._steps)
            found = step(made)
            if found is None or len(found.sql) > 6000:
                continue
            try:
                columns = dict(prepare(found.sql, suite.SCHEMAS).columns)
            except Refusal:
                self.refused += 1
                continue
            except Exception:  # noqa: BLE001 - the trials say so
                return found
            found.columns = columns
            if "null" not in columns.values():
                made = found
        return made

    def _fresh(self) -> str:
        self._count = (self._count + 1) % 1000
        return f"c{self._count}"

    def _as(self, columns: dict[str, str], of: str = "") -> str:
        """Each column under a fresh name."""
        return ", ".join(f"{of}{c} AS {self._fresh()}" for c in columns)

    def _base(self) -> Relation:
        if self.chance.random() < 0.05:
            kinds = self.chance.sample(["integer", "varchar", "date", "boolean"], 2)
            names = [self._fresh() for _ in kinds]
            rows = ", ".join(
                f"({', '.join(self.chance.choice(LITERALS[k]) for k in kinds)})" for _ in range(3)
            )
            first = ", ".join(f"CAST(NULL AS {k})" for k in kinds)
            sql = f"SELECT * FROM (VALUES ({first}), {rows}) AS v ({', '.join(names)})"
            return Relation(sql, dict(zip(names, kinds, strict=True)), [])
        table = self.chance.choice(TABLES)
        known = suite.SCHEMAS[table]
        most = min(len(known), self.chance.randint(2, 5))
        kept = self.chance.sample(sorted(known), most)
        names = {self._fresh(): c for c in kept}
        sql = f"SELECT {', '.join(f'{c} AS {n}' for n, c in names.items())} FROM {table}"
        return Relation(sql, {n: known[c] for n, c in names.items()}, [])

    def _maker(self, on: Relation) -> Maker:
        return Maker(on.columns, self.chance)

    def _condition(self, on: Relation) -> str:
        return self._maker(on).of_type("boolean", self.chance.randint(1, 2))

    def _all_keys(self, on: Relation) -> list[str]:
        """Every column as a key, in a random order: rows that tie are the same."""
        keys = on.of(_ORDERED)
        if len(keys) < len(on.columns):
            return []
        self.chance.shuffle(keys)
        ways = ["", " DESC", " NULLS FIRST", " DESC NULLS LAST"]
        return [k + self.chance.choice(ways) for k in keys]

    # -- steps --------------------------------------------------------------------------------

    def _filtered(self, on: Relation) -> Relation:
        test = self._condition(on)
        source = f"({on.sql}) AS r"
        sql = f"SELECT * FROM {source} WHERE {test}"
        return Relation(sql, on.columns, [*on.pieces, (test, source)])

    def _projected(self, on: Relation) -> Relation:
        made = self._maker(on).expression(self.chance.randint(1, 2))
        kept = self.chance.sample(sorted(on.columns), min(len(on.columns), 3))
        source = f"({on.sql}) AS r"
        sql = f"SELECT {', '.join(kept)}, {made} AS {self._fresh()} FROM {source}"
        return Relation(sql, {}, [*on.pieces, (made, source)])

    def _joined(self, on: Relation) -> Relation | None:
        other = self._relation(self.chance.choice([0, 0, 1]))
        if set(other.columns) & set(on.columns):
            return None
        pairs = [
            (a, b)
            for a in on.of(_KEYS)
            for b in other.of(_KEYS)
            if on.columns[a] == other.columns[b]
        ]
        both = [*on.pieces, *other.pieces]
        left, right = f"({on.sql}) AS l", f"({other.sql}) AS r"
        if not pairs or self.chance.random() < 0.05:
            return Relation(f"SELECT * FROM {left} CROSS JOIN {right}", {}, both)
        a, b = self.chance.choice(pairs)
        equal = f"l.{a} = r.{b}"
        kind = self.chance.choice(
            ["", "LEFT", "RIGHT", "FULL", "SEMI", "ANTI", "USING", "ASOF", "LEFT", ""]
        )
        if kind == "USING":
            inner = f"(SELECT {b} AS {a}{self._rest(other, b)} FROM ({other.sql}) AS o) AS r"
            way = self.chance.choice(["", "LEFT ", "FULL "])
            return Relation(f"SELECT * FROM {left} {way}JOIN {inner} USING ({a})", {}, both)
        if kind == "ASOF":
            return self._asof(on, other, pairs)
        more = ""
        if kind in ("", "LEFT", "SEMI", "ANTI") and self.chance.random() < 0.4:
            at = Relation("", {f"l.{c}": t for c, t in on.columns.items()}, [])
            at.columns |= {f"r.{c}": t for c, t in other.columns.items()}
            test = self._maker(at).of_type("boolean", 1)
            both.append((test, f"{left} CROSS JOIN {right}"))
            more = f" AND ({test})"
        if kind in ("", "LEFT") and self.chance.random() < 0.15 and on.columns[a] != "boolean":
            equal = f"l.{a} < r.{b}"
        sql = f"SELECT * FROM {left} {kind} JOIN {right} ON {equal}{more}"
        return Relation(sql, {}, both)

    def _rest(self, of: Relation, without: str) -> str:
        return "".join(f", {c}" for c in of.columns if c != without)

    def _asof(self, on: Relation, other: Relation, pairs: list[tuple[str, str]]) -> Relation | None:
        """The later row at or before; ties are cut by DISTINCT keys on the right."""
        a, b = self.chance.choice(pairs)
        if on.columns[a] == "boolean":
            return None
        inner = f"(SELECT DISTINCT {b} FROM ({other.sql}) AS o) AS r"
        way = self.chance.choice(["ASOF", "ASOF LEFT"])
        sql = f"SELECT * FROM ({on.sql}) AS l {way} JOIN {inner} ON l.{a} >= r.{b}"
        return Relation(sql, {}, [*on.pieces, *other.pieces])

    def _aggregates(self, on: Relation, source: str) -> tuple[list[str], list[tuple[str, str]]]:
        items, pieces = [], []
        maker = self._maker(on)
        order = self._all_keys(on)
        for _ in range(self.chance.randint(1, 3)):
            made = fuzz_expressions.aggregate(maker, self.chance, order)
            if made is None or ("ORDER BY" in made and not order):
                continue
            if "FILTER" not in made and self.chance.random() < 0.25:
                made += f" FILTER (WHERE {maker.of_type('boolean', 1)})"
            items.append(made)
            pieces.append((made, source))
        return items or ["count(*)"], pieces

    def _grouped(self, on: Relation) -> Relation:
        source = f"({on.sql}) AS r"
        items, pieces = self._aggregates(on, source)
        keys = self.chance.sample(on.of(_KEYS), min(self.chance.randint(0, 2), len(on.of(_KEYS))))
        names = [(k, self._fresh()) for k in keys]
        if keys and self.chance.random() < 0.3:
            made = self._maker(on).of_type(self.chance.choice(["integer", "varchar", "date"]), 1)
            names.append((made, self._fresh()))
            pieces.append((made, source))
        select = [f"{k} AS {n}" for k, n in names] + [f"{i} AS {self._fresh()}" for i in items]
        by = self.chance.choice(["GROUP BY ALL", f"GROUP BY {', '.join(k for k, _ in names)}"])
        having = self.chance.choice(["", "", " HAVING count(*) > 1"])
        tail = f" {by}{having}" if names else ""
        sql = f"SELECT {', '.join(select)} FROM {source}{tail}"
        return Relation(sql, {}, [*on.pieces, *pieces])

    def _rolled(self, on: Relation) -> Relation | None:
        keys = on.of(_KEYS)
        if len(keys) < 2:
            return None
        a, b = self.chance.sample(keys, 2)
        how = self.chance.choice(
            [f"ROLLUP ({a}, {b})", f"CUBE ({a}, {b})", f"GROUPING SETS (({a}, {b}), ({b}), ())"]
        )
        source = f"({on.sql}) AS r"
        items, pieces = self._aggregates(on, source)
        names = [f"{k} AS {self._fresh()}" for k in (a, b, f"GROUPING({a})", *items)]
        sql = f"SELECT {', '.join(names)} FROM {source} GROUP BY {how}"
        return Relation(sql, {}, [*on.pieces, *pieces])

    def _over(self, on: Relation, call: str, *, frame: bool) -> str | None:
        order = self._all_keys(on)
        if not order:
            return None
        keys = on.of(_KEYS)
        by = (
            f"PARTITION BY {self.chance.choice(keys)} "
            if keys and self.chance.random() < 0.6
            else ""
        )
        tail = self.chance.choice(_FRAMES) if frame else ""
        return f"{call} OVER ({by}ORDER BY {', '.join(order)}{tail})"

    def _window_call(self, on: Relation) -> str | None:
        maker = self._maker(on)
        roll = self.chance.random()
        if roll < 0.25:
            value = maker.of_type(self.chance.choice(["integer", "decimal(18,4)"]), 1)
            return self._over(on, self.chance.choice(_OVER_WHOLE).format(value), frame=True)
        value = maker.of_type(self.chance.choice(["integer", "varchar", "date", "bigint"]), 1)
        if roll < 0.6:
            return self._over(on, self.chance.choice(_OVER_FRAME).format(value), frame=True)
        return self._over(on, self.chance.choice(_OVER_ROWS).format(value), frame=False)

    def _windowed(self, on: Relation) -> Relation | None:
        made = self._window_call(on)
        if made is None:
            return None
        source = f"({on.sql}) AS r"
        sql = f"SELECT *, {made} AS {self._fresh()} FROM {source}"
        return Relation(sql, {}, [*on.pieces, (made, source)])

    def _qualified(self, on: Relation) -> Relation | None:
        made = self._over(on, "row_number()", frame=False)
        if made is None:
            return None
        sql = f"SELECT * FROM ({on.sql}) AS r QUALIFY {made} <= 2"
        return Relation(sql, {}, on.pieces)

    def _united(self, on: Relation) -> Relation | None:
        keys = on.of(_KEYS)
        if not keys:
            return None
        how = self.chance.choice(_UNITED)
        other = self._relation(1)
        kinds = [on.columns[k] for k in keys[:2]]
        sides = []
        for side in (on, other):
            maker = self._maker(side)
            cells = [f"{maker.of_type(k, 0)} AS u{i}" for i, k in enumerate(kinds)]
            sides.append(f"SELECT {', '.join(cells)} FROM ({side.sql}) AS r")
        named = self.chance.random() < 0.15 and how.startswith("UNION")
        by = f"{how} BY NAME" if named else how
        names = ", ".join(f"u{i} AS {self._fresh()}" for i in range(len(kinds)))
        sql = f"SELECT {names} FROM ({sides[0]} {by} {sides[1]}) AS r"
        return Relation(sql, {}, [*on.pieces, *other.pieces])

    def _distinct(self, on: Relation) -> Relation | None:
        keys = on.of(_KEYS)
        if not keys:
            return None
        kept = self.chance.sample(keys, self.chance.randint(1, len(keys)))
        return Relation(f"SELECT DISTINCT {', '.join(kept)} FROM ({on.sql}) AS r", {}, on.pieces)

    def _distinct_on(self, on: Relation) -> Relation | None:
        order, keys = self._all_keys(on), on.of(_KEYS)
        if not order or not keys:
            return None
        key = self.chance.choice(keys)
        rest = [o for o in order if o.split()[0] != key]
        by = ", ".join([key, *rest])
        sql = (
            f"SELECT * FROM (SELECT DISTINCT ON ({key}) * FROM ({on.sql}) AS i ORDER BY {by}) AS r"
        )
        return Relation(sql, {}, on.pieces)

    def _limited(self, on: Relation) -> Relation | None:
        order = self._all_keys(on)
        if not order:
            return None
        most = self.chance.choice(["LIMIT 3", "LIMIT 5 OFFSET 2", "LIMIT 0"])
        inner = f"SELECT * FROM ({on.sql}) AS i ORDER BY {', '.join(order)} {most}"
        return Relation(f"SELECT * FROM ({inner}) AS r", {}, on.pieces)

    def _beside_query(self, on: Relation) -> Relation | None:
        """A subquery: IN, NOT IN, EXISTS, or one value."""
        other = self._relation(self.chance.choice([0, 1]))
        pairs = [
            (a, b)
            for a in on.of(_KEYS)
            for b in other.of(_KEYS)
            if on.columns[a] == other.columns[b] and a != b
        ]
        if not pairs:
            return None
        a, b = self.chance.choice(pairs)
        test = self.chance.choice(
            [
                f"{a} IN (SELECT {b} FROM ({other.sql}) AS o)",
                f"{a} NOT IN (SELECT {b} FROM ({other.sql}) AS o WHERE {b} IS NOT NULL)",
                f"{a} NOT IN (SELECT {b} FROM ({other.sql}) AS o)",
                f"EXISTS (SELECT 1 FROM ({other.sql}) AS o WHERE o.{b} = r.{a})",
                f"NOT EXISTS (SELECT 1 FROM ({other.sql}) AS o WHERE o.{b} = r.{a})",
                f"{a} <= (SELECT max({b}) FROM ({other.sql}) AS o)",
                f"{a} = (SELECT min({b}) FROM ({other.sql}) AS o)",
            ]
        )
        pieces = [*on.pieces, *other.pieces]
        if self.chance.random() < 0.25:
            value = f"(SELECT max({b}) FROM ({other.sql}) AS o WHERE o.{b} = r.{a})"
            sql = f"SELECT *, {value} AS {self._fresh()} FROM ({on.sql}) AS r"
            return Relation(sql, {}, pieces)
        return Relation(f"SELECT * FROM ({on.sql}) AS r WHERE {test}", {}, pieces)

    def _unnested(self, on: Relation) -> Relation | None:
        lists = on.of(frozenset({"list"}))
        made = self.chance.choice(lists) if lists else "[1, 2]"
        sql = f"SELECT r.*, u.x AS {self._fresh()} FROM ({on.sql}) AS r, UNNEST({made}) AS u (x)"
        return Relation(sql, {}, on.pieces)

    def _common_table(self, on: Relation) -> Relation | None:
        keys = [k for k in on.of(_KEYS) if on.columns[k] != "boolean"]
        if not keys:
            return None
        key = self.chance.choice(keys)
        name = self._fresh()
        w, n = f"w_{name}", f"n_{name}"
        counted = f"SELECT {key} AS k, count(*) AS n FROM {w} GROUP BY {key}"
        sql = (
            f"SELECT * FROM (WITH {w} AS ({on.sql}), {n} AS ({counted})"
            f" SELECT {w}.*, {n}.n AS {name} FROM {w} JOIN {n} ON {w}.{key} = {n}.k) AS r"
        )
        return Relation(sql, {}, on.pieces)

    def _cases(self, on: Relation) -> Relation:
        """A guard: what can fail stands in a branch of its own rows."""
        maker = self._maker(on)
        test = maker.of_type("boolean", 1)
        value = maker.of_type("integer", 1)
        made = f"CASE WHEN {test} THEN {value} WHEN {value} <> 0 THEN 10 // {value} ELSE -1 END"
        source = f"({on.sql}) AS r"
        sql = f"SELECT *, {made} AS {self._fresh()} FROM {source}"
        return Relation(sql, {}, [*on.pieces, (made, source)])

    def _renamed(self, on: Relation) -> Relation | None:
        """EXCLUDE, REPLACE and aliases that later expressions read."""
        names = sorted(on.columns)
        if len(names) < 2:
            return None
        gone, kept = self.chance.sample(names, 2)
        value = self._maker(on).of_type(on.columns[kept], 1)
        source = f"({on.sql}) AS r"
        how = self.chance.choice([f"* EXCLUDE ({gone})", f"* REPLACE ({value} AS {kept})"])
        return Relation(f"SELECT {how} FROM {source}", {}, [*on.pieces, (value, source)])

    def _pivoted(self, on: Relation) -> Relation | None:
        whole = [c for c, t in on.columns.items() if t in ("integer", "bigint")]
        if len(whole) < 2:
            return None
        a, b = self.chance.sample(whole, 2)
        if self.chance.random() < 0.5:
            sql = f"FROM (SELECT {a}, {b} FROM ({on.sql}) AS i) PIVOT (count({b}) FOR {a} IN (0, 1, 2))"
            return Relation(f"SELECT * FROM ({sql}) AS r", {}, on.pieces)
        if on.columns[a] != on.columns[b]:
            return None
        inner = (
            f"SELECT * FROM (SELECT {a}, {b} FROM ({on.sql}) AS i) UNPIVOT (v FOR n IN ({a}, {b}))"
        )
        sql = f"SELECT v AS {self._fresh()}, n AS {self._fresh()} FROM ({inner}) AS r"
        return Relation(sql, {}, on.pieces)
