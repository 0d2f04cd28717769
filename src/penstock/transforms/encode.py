"""encode: `encode: {columns: {size: {ordinal: [S, M, L], unknown: fail}}}`: as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator
from sqlglot import exp

from penstock.spec.base import Model, Scalar
from penstock.spec.refusal import refuse
from penstock.transforms.base import Built, Input, Problem, Step, unknown_column
from penstock.transforms.expressions import typed
from penstock.transforms.keytext import as_text
from penstock.transforms.names import cast, column, literal
from penstock.transforms.operations import Project
from penstock.transforms.pivot import value_name
from penstock.transforms.reading import Path, new_names
from penstock.transforms.require import require

if TYPE_CHECKING:
    from collections.abc import Mapping


class Encoding(Model):
    """How the categories of one column become numbers: `one_hot` or `ordinal`."""

    one_hot: list[Scalar] | dict[str, Scalar] | None = Field(default=None, min_length=1)
    """A column for each of these values, 1 where a row has it and 0 elsewhere, named
    `COLUMN_VALUE` in lower case; or name of the column → value."""
    ordinal: list[Scalar] | None = Field(default=None, min_length=1)
    """The values in their order: the first becomes 0, the next 1."""
    unknown: Literal["zeros", "null", "fail"] | int | None
    """Another value, or NULL where it is not listed: 0 in all the columns (`one_hot` alone), NULL,
    or the run fails; with `ordinal` also a number that stands for it."""
    keep: bool = False
    """Whether the column stays, before the new ones; with `ordinal` it is then named
    `COLUMN_code`."""

    @model_validator(mode="after")
    def _one(self) -> Encoding:
        if (self.one_hot is None) == (self.ordinal is None):
            raise refuse("an encoding needs `one_hot` or `ordinal`, one of them")
        if self.ordinal is not None and self.unknown == "zeros":
            raise refuse("`zeros` goes with `one_hot`; with `ordinal` give a number, null or fail")
        if self.one_hot is not None and isinstance(self.unknown, int):
            raise refuse("a number goes with `ordinal`; with `one_hot` say zeros, null or fail")
        return self


class Encode(Step):
    """Makes whole numbers of categories that are listed here, so that they are the same each time.

    The new columns stand in the old one's place.
    """

    columns: dict[str, Encoding] = Field(min_length=1)
    """Column → its encoding."""

    def build(self, given: Input) -> Built:
        """One projection; a check before it where an unknown value is an error."""
        built = Built({})
        made: dict[str, dict[str, exp.Expr]] = {}
        names: list[tuple[str, Path]] = []
        for name, encoding in self.columns.items():
            path: Path = ("columns", name)
            if name not in given.columns:
                built.problems.append(unknown_column(name, given.columns, path, at_key=True))
                continue
            type_name = given.columns[name]
            if type_name and as_text(column(name), type_name) is None:
                message = f"`{name}` is {type_name}, whose values are no categories"
                hint = "cast it to text, a whole number, a decimal, a boolean or a date first"
                built.problems.append(Problem("PSK-STEP-061", message, path, hint, at_key=True))
                continue
            tests = _tests(given, name, type_name, encoding, built)
            made[name] = _encoded(name, encoding, tests)
            names += [(new, path) for new in made[name]]
            if encoding.unknown == "fail":
                known = exp.or_(*[t.copy() for t in tests.values()], copy=False)
                shown = as_text(column(name), type_name or "varchar")
                message = f"the encoding of `{name}` of `{given.dataset}` has no value"
                assert shown is not None
                built.operations.append(require(given, known, message, shown))
        kept = [n for n in given.columns if n not in made or self.columns[n].keep]
        built.problems += new_names(names, kept)
        project: dict[str, exp.Expr] = {}
        for name, known_type in given.columns.items():
            if name in kept:
                project[name] = column(name)
                built.columns[name] = known_type
            for new, tree in made.get(name, {}).items():
                project[new] = tree
                built.columns[new] = "integer"
        built.operations.append(Project(project))
        return built


def _tests(
    given: Input, name: str, type_name: str | None, encoding: Encoding, built: Built
) -> dict[str, exp.Expr]:
    """Name of a category → whether a row is of it."""
    key = "ordinal" if encoding.ordinal is not None else "one_hot"
    listed = encoding.ordinal or encoding.one_hot or []
    keyed = isinstance(listed, dict)
    pairs = (
        listed.items()
        if isinstance(listed, dict)
        else [(f"{name}_{value_name(value)}", value) for value in listed]
    )
    tests: dict[str, exp.Expr] = {}
    for i, (new, value) in enumerate(pairs):
        path: Path = ("columns", name, key, new if keyed else i)
        label = str(i) if key == "ordinal" else new
        if label in tests:
            message = f"two values would have the column `{new}`"
            hint = "name the columns: `one_hot: {NAME: VALUE}`"
            built.problems.append(Problem("PSK-STEP-016", message, path, hint))
        if value is None:
            tests[label] = exp.Is(this=column(name), expression=exp.Null())
            continue
        wrong = given.binder.misfit(value, type_name) if type_name else None
        if wrong:
            built.problems.append(Problem("PSK-STEP-066", wrong, path))
        test = exp.EQ(this=column(name), expression=typed(value, type_name or "varchar"))
        if key == "ordinal" and test in tests.values():
            message = f"`{value}` is listed twice"
            built.problems.append(Problem("PSK-STEP-016", message, path))
        tests[label] = test
    return tests


def _encoded(name: str, encoding: Encoding, tests: Mapping[str, exp.Expr]) -> dict[str, exp.Expr]:
    if encoding.ordinal is not None:
        unknown = encoding.unknown
        other = literal(unknown) if isinstance(unknown, int) else exp.Null()
        cases = [exp.If(this=t.copy(), true=literal(i)) for i, t in enumerate(tests.values())]
        new = f"{name}_code" if encoding.keep else name
        return {new: cast(exp.Case(ifs=cases, default=other), "integer")}
    made: dict[str, exp.Expr] = {}
    for new, test in tests.items():
        one = exp.If(this=test.copy(), true=literal(1))
        case = exp.Case(ifs=[one], default=literal(0))
        if encoding.unknown in {"null", None}:
            known = exp.or_(*[t.copy() for t in tests.values()], copy=False)
            case = exp.Case(ifs=[one, exp.If(this=known, true=literal(0))])
        made[new] = cast(case, "integer")
    return made
