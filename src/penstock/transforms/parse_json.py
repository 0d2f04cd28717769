"""parse_json: `parse_json: {column: payload, columns: {id: integer, city: varchar}}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator
from sqlglot import exp

from penstock import types
from penstock.spec.base import Model
from penstock.spec.models import TypeText  # noqa: TC001  # pydantic reads it
from penstock.spec.refusal import refuse
from penstock.transforms.base import Built, Input, Operation, Problem, Step
from penstock.transforms.hold import Hold, RowRule
from penstock.transforms.json_values import is_path, read, readable
from penstock.transforms.names import column, fresh
from penstock.transforms.operations import Project, replaced
from penstock.transforms.reading import misfit, new_names
from penstock.transforms.require import require
from penstock.transforms.templates import filled

if TYPE_CHECKING:
    from penstock.transforms.json_values import Reading
    from penstock.transforms.reading import Path


class Part(Model):
    """A part of the JSON in its long form."""

    type: TypeText
    """Penstock type: scalars, and structs and lists of them."""
    path: str
    """Where it is: `$.customer.city`, `$.lines[0].sku`, `$."first name"`."""


class ParseJson(Step):
    """Reads JSON text into columns, or into one struct.

    What is missing or null is NULL. Parts that nobody asks for go. Whole numbers are not read from
    fractions, and decimals not from numbers with more digits; dates and times are written as in
    ISO 8601. A number in JSON is exact to 15 digits; more of them stand in quotes.
    """

    column: str
    """The text."""
    columns: dict[str, TypeText | Part] = Field(default_factory=dict)
    """New column → type of the part of that name; or type and path."""
    into: str | None = None
    """New column: one struct, whose type stands in `type`."""
    type: TypeText | None = None
    """With `into`: a struct, or a list."""
    on_error: Literal["fail", "null", "quarantine"] | None = "fail"
    """A text that is no JSON, or a part that is not of its type: the run fails, the columns of what
    is wrong are NULL, or the row is held in quarantine."""
    keep: bool = False
    """Whether the text stays, before the new columns."""

    @model_validator(mode="after")
    def _one(self) -> ParseJson:
        if bool(self.columns) == (self.into is not None):
            raise refuse("`parse_json` needs `columns`, or `into` and `type`")
        if (self.into is None) != (self.type is None):
            raise refuse("`into` and `type` go together")
        return self

    def build(self, given: Input) -> Built:
        """A projection, after a check or a rule where something may be wrong."""
        built = Built({})
        wrong = misfit(self.column, given.columns, ("text", "json"), ("column",), step="parse_json")
        built.problems += [wrong] if wrong else []
        parts = self._parts(built)
        kept = [n for n in given.columns if n != self.column or self.keep]
        for name, known in given.columns.items():
            if name in kept:
                built.columns[name] = known
            if name == self.column:
                built.columns |= {new: str(type_name) for new, (type_name, _, _) in parts.items()}
        names = [(new, path) for new, (_, _, path) in parts.items()]
        built.problems += new_names(names, kept)
        if built.problems:
            return built
        text = filled("CAST($x AS varchar)", x=column(self.column))
        if given.columns[self.column] == "varchar":
            text = column(self.column)
        # What is no JSON would fail the query where a part of it is looked for.
        valid = filled("CASE WHEN json_valid($x) THEN $x END", x=text)
        built.operations += self._watched(given, text, valid, parts)
        json = fresh("json", [*given.columns, *parts])
        found = self._read(column(json), parts)
        made: dict[str, exp.Expr] = {}
        for name in given.columns:
            if name in kept:
                made[name] = column(name)
            if name == self.column:
                made |= {new: part.value for new, part in found.items()}
        built.operations.append(Project(replaced(given.columns, {json: valid})))
        built.operations.append(Project(made))
        return built

    def _parts(self, built: Built) -> dict[str, tuple[types.Type, str, Path]]:
        """New column → type, path in the JSON, and the place in the file that says so."""
        found: dict[str, tuple[types.Type, str, Path]] = {}
        if self.into is not None:
            found[self.into] = (types.parse(str(self.type)), "$", ("type",))
        for name, wanted in self.columns.items():
            place: Path = ("columns", name)
            if isinstance(wanted, Part):
                found[name] = (types.parse(wanted.type), wanted.path, (*place, "type"))
                if not is_path(wanted.path):
                    message = f"`{wanted.path}` is no path to one part"
                    hint = "such as `$.customer.city`, `$.lines[0].sku`"
                    where = (*place, "path")
                    built.problems.append(Problem("PSK-STEP-068", message, where, hint))
            else:
                found[name] = (types.parse(wanted), f'$."{name}"', place)
        for type_name, _, path in found.values():
            if not readable(type_name):
                message = f"{type_name} is not read from JSON"
                hint = "take the part as varchar, or as a struct"
                built.problems.append(Problem("PSK-STEP-068", message, path, hint))
        return found

    def _read(
        self, json: exp.Expr, parts: dict[str, tuple[types.Type, str, Path]]
    ) -> dict[str, Reading]:
        return {new: read(json, path, type_name) for new, (type_name, path, _) in parts.items()}

    def _watched(
        self,
        given: Input,
        text: exp.Expr,
        valid: exp.Expr,
        parts: dict[str, tuple[types.Type, str, Path]],
    ) -> list[Operation]:
        """What becomes of rows with something wrong."""
        if self.on_error in {"null", None}:
            return []
        known = [part.fine for part in self._read(valid, parts).values()]
        proper = filled("$x IS NULL OR json_valid($x)", x=text)
        fine = exp.and_(exp.Paren(this=proper), *known, copy=False)
        if self.on_error == "quarantine":
            told = ", ".join(f"{new} {type_name}" for new, (type_name, _, _) in parts.items())
            rule = RowRule(f"{self.column} is JSON with {told}", fine)
            return [Hold(dict(given.columns), (rule,))]
        message = f"`{self.column}` of `{given.dataset}` is no JSON, or a part is not of its type:"
        return [require(given, fine, message, text)]
