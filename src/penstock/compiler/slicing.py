"""Pass: says whether a run can be cut into slices that are worked on apart.

It can where every row of every target comes from the rows of one file of one source; the other
datasets that it meets are read whole beside each slice. What looks at several rows at once
(groups, windows, duplicates, LIMIT) would give another answer for each slice, so that there is
one slice then. In doubt there is one too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from penstock.compiler.graph import reached
from penstock.compiler.own_rules import evaluating
from penstock.compiler.partials import partial_rule
from penstock.program import Slicing
from penstock.runtime import registry
from penstock.runtime.formats import format_of
from penstock.runtime.widening import TAKES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from penstock.compiler.state import Compilation, Made
    from penstock.program import Check, Load, PartialRule, Read

CODE = "PSK-PORT-004"
CODE_LOOKS = "PSK-PORT-005"
# Of one row, whatever its neighbours are.
_LEFT_JOINS = {"", "LEFT"}
_WHOLE_STEPS = {
    "deduplicate": "finds rows that are there twice",
    "aggregate": "makes groups",
    "top": "puts rows in an order",
    "rollup": "makes groups",
    "cube": "makes groups",
    "window": "looks at the rows beside a row",
    "pivot": "makes groups",
    "union": "puts the rows of several datasets together",
    "statistics": "describes all rows",
    "scd1": "compares the changes of a key",
    "scd2": "compares the changes of a key",
    "snapshot": "compares copies of a table",
    "apply_changes": "compares the changes of a key",
    "scale": "compares each row with all others",
}
# A function has at most 900 s, 10,240 MB of memory and as much of disk
# (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.md). What does not fit into
# memory goes to the disk, which is full long before the time is over: DuckDB held to 512 MB works
# on some 30 MB of CSV a second.
_ONE_FUNCTION = (
    "a function has 15 minutes, and 10 GB each of memory and of disk: with more than about 10 GB "
    "to read in one run choose another architecture"
)
_ONE_MERGE = (
    "a function has 15 minutes, and 10 GB each of memory and of disk: where the new rows and the "
    "files of the old ones they replace are more than about 10 GB choose another architecture, or "
    "`partition_by` a column that keeps new rows together"
)
_ONE_PLANNER = (
    "it has 5 minutes: where more than about 5 GB may be new at once deliver Parquet, or CSV with "
    "`schema_evolution: add`, or name all columns in the schema and say `ignore`"
)
_LOOKS_FURTHER = re.compile(r"\b(select|over)\b", re.IGNORECASE)


def decide_slices(state: Compilation) -> None:
    """Fill `state.slicing`, and note it where the pipeline goes to functions."""
    if not state.valid:
        return
    state.slicing = _slicing(state)
    deploy = state.definition.pipeline.deploy
    if deploy is None or deploy.architecture != "lambda":
        return
    _tell_of_looking(state)
    if state.slicing.by == "none":
        state.tell(
            CODE,
            f"a run is one piece of work, of one function: {state.slicing.because}",
            state.definition.positions.key(("deploy", "architecture")),
            hint=_ONE_FUNCTION,
            severity="info",
        )
        return
    for load in state.loads:
        if load.mode == "merge":
            state.tell(
                CODE,
                f"`{load.target}` has `mode: merge`: one function, the loader, merges what all "
                "slices of a run made, and writes the files with old rows of these keys anew",
                state.definition.positions.key(("targets", load.target)),
                hint=_ONE_MERGE,
                severity="info",
            )


def _tell_of_looking(state: Compilation) -> None:
    """Note from what size on the planner is the wrong place to look at files for new columns."""
    for read in state.reads:
        evolution, kind = read.schema_evolution, _format(read)
        if evolution not in TAKES or kind in {None, "parquet"} or not _of_files(read):
            continue
        if kind == "csv" and evolution == "add":
            continue  # its beginning is enough
        why = "every value" if kind == "csv" else "every record"
        state.tell(
            CODE_LOOKS,
            f"`{read.dataset}` has `schema_evolution: {evolution}`: before each run the planner "
            f"fetches what is new of it whole, to look at {why}",
            state.definition.positions.key(("sources", read.dataset)),
            hint=_ONE_PLANNER,
            severity="info",
        )


def _format(read: Read) -> str | None:
    given = read.options.get("format")
    return str(given) if given else format_of(str(read.options.get("path", "")))[0]


def _slicing(state: Compilation) -> Slicing:
    if state.kpis:
        return Slicing(because=f"the KPI `{state.kpis[0].name}` is one number over all of it")
    needs = {name: info.depends_on for name, info in state.datasets.items()}
    for load in state.loads:
        if because := _not_joined(load):
            return Slicing(because=because)
    used = reached({x.dataset for x in state.loads} | {c.dataset for c in state.checks}, needs)
    reads = [r for r in state.reads if r.dataset in used]
    files = [r for r in reads if _of_files(r)]
    if not files:
        return Slicing(because="no source is made of files")
    first: str | None = None
    for read in sorted(files, key=lambda r: r.incremental != "files"):
        growing = [r.dataset for r in reads if r.incremental != "none" and r != read]
        cut = _Cut(state, read.dataset)
        because = (
            f"`{growing[0]}` grows too, and every function would read it whole"
            if growing
            else cut.fault()
        )
        if because is None:
            return Slicing("files", read.dataset, partial=tuple(cut.partial))
        first = first or because
    return Slicing(because=first)


def _of_files(read: Read) -> bool:
    options: Any = registry.load(registry.SOURCES[read.connector].options)
    return bool(getattr(options, "of_files", False)) and read.incremental in ("none", "files")


def _not_joined(load: Load) -> str | None:
    """Why what several functions wrote for a target cannot be published as one."""
    capabilities: Any = registry.load(registry.TARGETS[load.connector].options).capabilities
    if load.mode in capabilities.joins or (load.mode == "merge" and capabilities.joins):
        return None
    if not capabilities.joins:
        return f"`{load.target}` is one file"
    return f"`{load.target}` has `mode: {load.mode}`, which writes old rows anew with the new ones"


class _Cut:
    """Whether a run can be cut by the files of one source."""

    def __init__(self, state: Compilation, source: str) -> None:
        self._state = state
        self._source = source
        self._grows = {source}
        """Datasets of which a slice has a part: those made from the source."""
        self.partial: list[PartialRule] = []
        """Rules about all rows that slices count for; filled by `fault`."""

    def fault(self) -> str | None:
        """Why not; None: it can."""
        for name in self._state.order:
            info = self._state.datasets[name]
            if not self._grows & set(info.depends_on):
                continue
            self._grows.add(name)
            if because := self._made(name):
                return because
        for load in self._state.loads:
            if load.dataset not in self._grows:
                return (
                    f"`{load.target}` has no rows of `{self._source}`, which others are made from"
                )
        faults = (self._checked(check, i) for i, check in enumerate(self._state.checks))
        return next(filter(None, faults), None)

    def _made(self, name: str) -> str | None:
        made = self._state.made[name]
        if made.kind in {"python", "command"}:
            return f"`{name}` is a {made.kind} step, which may look at several rows"
        if made.kind == "steps":
            for use in self._state.steps.get(name, ()):
                if use.name in _WHOLE_STEPS:
                    return f"`{name}` has the step `{use.name}`, which {_WHOLE_STEPS[use.name]}"
            if because := self._chain(made):
                return f"`{name}` {because}"
            more = [d for d in self._state.datasets[name].depends_on[1:] if d in self._grows]
            if more:
                return f"`{name}` looks rows up in `{more[0]}`, of which a slice has a part"
            return None
        because = _Query(self._grows).fault(made.query, {})
        return f"`{name}` {because}" if because else None

    def _chain(self, made: Made) -> str | None:
        """Look at the parts that rows of a slice go through; others are of what is looked up."""
        relations = set(self._grows)
        for part in made.parts:
            if relations & set(part.reads):
                relations.add(part.name)
                query = part.query
                assert isinstance(query, exp.Select)
                if because := _several_rows(query):
                    return because
        return None

    def _checked(self, check: Check, number: int) -> str | None:
        if check.dataset not in self._grows:
            return None  # every slice has all of it
        if rule := partial_rule(check, number, evaluating(self._state)):
            self.partial.append(rule)
            return None
        told = f"the rule {check.rule} of `{check.dataset}` is about all of its rows"
        if check.predicate is None or check.depends_on or _LOOKS_FURTHER.search(check.predicate):
            return told
        # `failed_rows = 0` holds for the whole where it holds for each part; a share does not.
        by_row = check.passed.replace("(", "").replace(")", "")
        failed = (check.failed_rows or "").replace("(", "").replace(")", "")
        return None if by_row == f"{failed} = 0" else told


class _Query:
    """Whether each row of a query comes from one row of a growing dataset."""

    def __init__(self, grows: set[str]) -> None:
        self._grows = {name.lower() for name in grows}

    def fault(self, query: exp.Expr, ctes: Mapping[str, exp.Expr]) -> str | None:
        """Why not, in words that go on from the dataset's name; None: it does."""
        known = dict(ctes)
        for cte in query.args["with_"].expressions if query.args.get("with_") else ():
            known[cte.alias.lower()] = cte.this
        if isinstance(query, exp.Subquery):
            return self.fault(query.this, known)
        if not isinstance(query, exp.Select):
            return "puts rows of several queries together"
        if because := _several_rows(query):
            return because
        if query.args.get("from_") is None:
            return "has no FROM"
        items = [query.args["from_"].this, *(j.this for j in query.args.get("joins") or ())]
        growing = [i for i, item in enumerate(items) if self._has(item, known)]
        if len(growing) != 1:
            return "joins rows of a source with other rows of the same"
        for part in (*query.expressions, query.args.get("where"), *_conditions(query)):
            if part is not None and any(self._has(s, known) for s in part.find_all(exp.Query)):
                return "looks at other rows of the same source in a subquery"
        if because := self._joined(query, growing[0]):
            return because
        item = items[growing[0]]
        if isinstance(item, exp.Table):
            inner = known.pop(item.name.lower(), None)
            return self.fault(inner, known) if inner is not None else None
        if isinstance(item, exp.Subquery):
            return self.fault(item.this, known)
        return "reads a source in a way that cannot be cut"

    def _joined(self, query: exp.Select, growing: int) -> str | None:
        """Rows without a partner are known from one slice only where they are the slice's own."""
        for number, join in enumerate(query.args.get("joins") or (), start=1):
            side, kind, way = join.side.upper(), join.kind.upper(), join.method.upper()
            if way == "POSITIONAL":
                return "joins by the order of rows"
            fine = growing > number or side in _LEFT_JOINS
            if growing == number:
                fine = way != "ASOF" and (
                    side == "RIGHT" or (side == "" and kind in {"", "INNER", "CROSS"})
                )
            if not fine:
                told = " ".join(filter(None, (way, side, kind)))
                return f"has a {told} JOIN, for which all rows are needed at once"
        return None

    def _has(self, node: exp.Expr, ctes: Mapping[str, exp.Expr]) -> bool:
        """Whether a growing dataset is anywhere below."""
        for table in node.find_all(exp.Table):
            name = table.name.lower()
            if name in ctes:
                rest = {k: v for k, v in ctes.items() if k != name}
                if self._has(ctes[name], rest):
                    return True
            elif name in self._grows:
                return True
        return False


def _several_rows(query: exp.Select) -> str | None:
    """What of a SELECT needs several rows at once; None: nothing."""
    clauses = {
        "group": "makes groups",
        "having": "makes groups",
        "distinct": "finds rows that are there twice",
        "qualify": "has a window function",
        "windows": "has a window function",
        "limit": "takes some rows of all",
        "offset": "takes some rows of all",
        "sample": "takes some rows of all",
        "pivots": "makes groups",
    }
    for clause, because in clauses.items():
        if query.args.get(clause):
            return because
    for node in _own(query):
        if isinstance(node, exp.Window):
            return "has a window function"
        if isinstance(node, (exp.AggFunc, exp.AnonymousAggFunc)):
            return "makes groups"
        if isinstance(node, (exp.Pivot, exp.TableSample)):
            return "makes groups"
    return None


def _conditions(query: exp.Select) -> Iterator[exp.Expr]:
    for join in query.args.get("joins") or ():
        if join.args.get("on"):
            yield join.args["on"]


def _own(query: exp.Select) -> Iterator[exp.Expr]:
    """The nodes of a SELECT without those of the queries inside it."""
    waiting: list[exp.Expr] = [query]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [n for n in node.iter_expressions() if not isinstance(n, (exp.Query, exp.With))]
