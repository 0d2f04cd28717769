"""cast: `cast: {arr_delay: decimal(8,2)}`: the same columns with other types."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from sqlglot import exp

from penstock.spec.base import Model
from penstock.spec.models import TypeText  # pydantic reads it
from penstock.transforms.base import Built, Input, Problem, StepOf, unknown_column
from penstock.transforms.expressions import empty_rows
from penstock.transforms.hold import Hold, RowRule
from penstock.transforms.names import column, data_type
from penstock.transforms.operations import Project, replaced
from penstock.transforms.templates import filled


class CastTo(Model):
    """A cast in its long form."""

    type: TypeText
    """Penstock type, e.g. `date`."""
    format: str | None = None
    """How text spells a date or timestamp, in strptime's letters: `%d/%m/%Y`."""
    on_error: Literal["fail", "null", "quarantine"] | None = "fail"
    """What becomes of a value that is not of the type: the run fails, it becomes NULL, or its row
    is held in quarantine as it was."""


class Cast(StepOf[dict[str, TypeText | CastTo]]):
    """Changes the types of columns.

    A value that is not of the type fails the run, unless the long form says otherwise under
    `on_error`.
    """

    root: dict[str, TypeText | CastTo] = Field(min_length=1)

    def build(self, given: Input) -> Built:
        """The columns cast."""
        built = Built(dict(given.columns))
        made: dict[str, exp.Expr] = {}
        rules: list[RowRule] = []
        for name, to in self.root.items():
            if name not in given.columns:
                built.problems.append(unknown_column(name, given.columns, (name,), at_key=True))
                continue
            wanted = CastTo(type=to) if isinstance(to, str) else to
            built.columns[name] = wanted.type
            source = given.columns[name]
            if source is None:
                continue
            made[name] = _cast(name, wanted)
            path = (name,) if isinstance(to, str) else (name, "type")
            built.problems += _impossible(given, name, source, wanted, made[name], path)
            if wanted.on_error == "quarantine":
                rules.append(_rule(name, wanted))
        if rules and None not in given.columns.values():
            built.operations.append(Hold(dict(given.columns), tuple(rules)))
        built.operations.append(Project(replaced(given.columns, made)))
        return built


def _rule(name: str, wanted: CastTo) -> RowRule:
    """Holds rows with a value that is not of the type; NULL is a value of every type."""
    keeps = filled(
        "$x IS NULL OR NOT $y IS NULL", x=column(name), y=_cast(name, wanted, tried=True)
    )
    form = f" written as {wanted.format}" if wanted.format else ""
    return RowRule(f"{name} is of type {wanted.type}{form}", keeps, path=(name,))


def _cast(name: str, wanted: CastTo, *, tried: bool = False) -> exp.Expr:
    """The column as its new type; `tried`: NULL for what is none, whatever `on_error` says."""
    value: exp.Expr = column(name)
    if wanted.format is not None:
        function = "try_strptime" if wanted.on_error in {"null", None} or tried else "strptime"
        text = exp.Literal.string(wanted.format)
        value = exp.Anonymous(this=function, expressions=[value, text])
    kind = exp.TryCast if wanted.on_error in {"null", None} or tried else exp.Cast
    return kind(this=value, to=data_type(wanted.type))


def _impossible(
    given: Input,
    name: str,
    source: str,
    wanted: CastTo,
    tree: exp.Expr,
    path: tuple[str | int, ...],
) -> list[Problem]:
    """Why no value at all can be cast."""
    target = wanted.type
    if wanted.format is not None and (source != "varchar" or target not in {"date", "timestamp"}):
        message = f"`format` reads text as a date or timestamp; this casts {source} to {target}"
        return [Problem("PSK-STEP-019", message, (name, "format"))]
    rows = empty_rows({name: source})
    bound = given.binder.describe(f"SELECT {tree.sql('duckdb')} AS v FROM {rows}")
    if not bound.failures and given.binder.castable(source, target):
        return []
    if wanted.format is not None:
        message = f"`{wanted.format}` is not a format: {bound.failures[0].message}"
        return [Problem("PSK-STEP-019", message, (name, "format"))]
    message = f"`{name}` is {source} and cannot be cast to {target}"
    return [Problem("PSK-STEP-019", message, path)]
