"""statistics: `statistics: {summary: [delay, carrier], percentiles: [0.5, 0.95]}`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from penstock.spec.base import exactly_one
from penstock.spec.refusal import refuse
from penstock.transforms import statistics_queries as queries
from penstock.transforms.base import Built, Input, Problem, Step
from penstock.transforms.canonical import family
from penstock.transforms.reading import misfit, unknown
from penstock.transforms.reshape import Reshape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlglot import exp

_KINDS = ("summary", "correlation", "histogram")
_OTHERS = {"boolean", "timestamp", "timestamptz", "time"}
_CORRELATION = {
    "first": "varchar",
    "second": "varchar",
    "rows": "bigint",
    "correlation": "double",
}
_HISTOGRAM = {"bin": "bigint", "from": "double", "to": "double", "rows": "bigint"}


class Statistics(Step):
    """Describes columns, in long form: one row for each column, pair of columns or bin.

    `summary` gives for each column: `column`, `rows`, `nulls`, `distinct` (values, NULL aside); of
    numbers `min`, `max`, `mean`, `stddev` (of a sample) and percentiles, as doubles; of text and
    dates `min_text`, `max_text`. `correlation` gives for each pair: `first`, `second`, `rows` (with
    both values), `correlation` (Pearson's; NULL where one of them is always the same). `histogram`
    gives for each bin: `bin` (from 0), `from`, `to` (not in it), `rows`; bin 0 lies below the first
    edge, the last bin begins at the last edge, and NULLs are counted where `bin` is NULL.
    """

    model_config = exactly_one(*_KINDS)

    summary: list[str] | None = Field(default=None, min_length=1)
    """Columns to describe."""
    percentiles: list[float] = Field(default_factory=lambda: [0.25, 0.5, 0.75])
    """With `summary`: which percentiles, from 0 to 1, interpolated; 0.5 is in the column `p50`."""
    correlation: list[str] | None = Field(default=None, min_length=2)
    """Columns of numbers, of which each pair is compared."""
    histogram: str | None = None
    """Column of numbers whose rows are counted in bins."""
    edges: list[float] = Field(default_factory=list)
    """With `histogram`: where one bin ends and the next begins, rising."""

    @model_validator(mode="after")
    def _one(self) -> Statistics:
        if len([kind for kind in _KINDS if getattr(self, kind) is not None]) != 1:
            raise refuse("`statistics` needs `summary`, `correlation` or `histogram`, one of them")
        if (self.histogram is not None) != bool(self.edges):
            raise refuse("`histogram` and `edges` go together")
        if any(a >= b for a, b in zip(self.edges, self.edges[1:], strict=False)):
            raise refuse("`edges` rise, and none is there twice")
        if not all(0 <= p <= 1 for p in self.percentiles):
            raise refuse("a percentile is from 0 to 1")
        if len(set(map(queries.percentile, self.percentiles))) < len(self.percentiles):
            raise refuse("a percentile is there twice")
        return self

    def build(self, given: Input) -> Built:
        """An aggregate of one row, then one row for each thing that it tells of."""
        if self.summary is not None:
            return self._summary(given, self.summary)
        if self.correlation is not None:
            return self._correlation(given, self.correlation)
        return self._histogram(given, str(self.histogram))

    def _summary(self, given: Input, names: list[str]) -> Built:
        built = Built({"column": "varchar", "rows": "bigint", "nulls": "bigint"})
        built.columns["distinct"] = "bigint"
        numbers = ["min", "max", "mean", "stddev", *map(queries.percentile, self.percentiles)]
        built.columns |= dict.fromkeys(numbers, "double")
        built.columns |= {"min_text": "varchar", "max_text": "varchar"}
        built.problems += unknown(names, given.columns, ("summary",))
        kinds: dict[str, queries.Kind] = {}
        for i, name in enumerate(names):
            type_name = given.columns.get(name)
            if type_name is None:
                continue
            if family(type_name) == "number":
                kinds[name] = "number"
            elif type_name in {"varchar", "date"}:
                kinds[name] = "text"
            elif type_name in _OTHERS:
                kinds[name] = "other"
            else:
                message = f"`{name}` is {type_name}, and a summary is of single values"
                hint = "flatten or explode it in a step before"
                built.problems.append(Problem("PSK-STEP-061", message, ("summary", i), hint))
        columns = {name: str(type_name) for name, type_name in built.columns.items()}
        parts = self.percentiles
        _two(
            built,
            {new: frozenset({n}) for new, n in queries.sources(kinds, parts).items()},
            lambda rows: queries.measured(rows, kinds, parts),
            lambda rows: queries.in_long_form(rows, kinds, parts, columns),
        )
        return built

    def _correlation(self, given: Input, names: list[str]) -> Built:
        built = Built(dict(_CORRELATION))
        built.problems += unknown(names, given.columns, ("correlation",))
        for i, name in enumerate(names):
            if name in given.columns:
                path = ("correlation", i)
                wrong = misfit(name, given.columns, ("number",), path, step="statistics")
                built.problems += [wrong] if wrong else []
        pairs = queries.pairs(names)
        _two(
            built,
            {f"m{i}_{w}": frozenset(p) for i, p in enumerate(pairs, 1) for w in queries.OF_PAIRS},
            lambda rows: queries.correlations_measured(rows, names),
            lambda rows: queries.correlations(rows, names),
        )
        return built

    def _histogram(self, given: Input, name: str) -> Built:
        built = Built(dict(_HISTOGRAM))
        wrong = misfit(name, given.columns, ("number",), ("histogram",), step="statistics")
        built.problems += [wrong] if wrong else []
        _two(
            built,
            {f"m{i + 1}_rows": frozenset({name}) for i in range(len(self.edges) + 2)},
            lambda rows: queries.bins(rows, name, self.edges),
            lambda rows: queries.histogram(rows, self.edges),
        )
        return built


def _two(
    built: Built,
    measures: Mapping[str, frozenset[str]],
    measured: Callable[[str], exp.Query],
    told: Callable[[str], exp.Query],
) -> None:
    """One row with all measures, and the rows that tell them."""
    every = frozenset(measures)
    labels = {"column", "first", "second", "bin", "from", "to"}
    after = {name: frozenset() if name in labels else every for name in built.columns}
    built.operations += [Reshape(measured, measures), Reshape(told, after, heavy=False)]
