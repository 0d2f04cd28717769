"""What `standardize` does where a form says what a text means: rules, tables beside, values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.transforms.hold import Hold, RowRule
from penstock.transforms.names import column, fresh, identifier, select, table
from penstock.transforms.operations import Project, replaced

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.transforms.base import Input, Operation, Origins
    from penstock.transforms.chain import Chain
    from penstock.transforms.recognise import Form

Path = tuple[str | int, ...]


class Meaning:
    """Collects the forms of columns; they are read side by side.

    Attributes:
        types: of the columns that have a form.
    """

    def __init__(self, given: Input) -> None:
        self._given = given
        self._forms: list[tuple[str, Form, Path]] = []
        self.types: dict[str, str] = {}

    def add(self, name: str, form: Form, path: Path) -> None:
        """Read a column by a form whose options are right, or else is told wrong."""
        self._forms.append((name, form, path))
        self.types[name] = _TYPES.get(type(form).__name__, "varchar")

    def operations(self) -> list[Operation]:
        """Hold the rows that are to be held, then read the others."""
        if not self._forms:
            return []
        columns = self._given.columns
        rules: list[RowRule] = []
        beside: dict[str, exp.Expr] = {}
        tables: list[Operation] = []
        values: dict[str, exp.Expr] = {}
        taken = list(columns)
        for name, form, path in self._forms:
            read = form.read()
            if form.on_error == "quarantine":
                text = f"{name} is {read.noun}"
                rules.append(RowRule(text, read.is_one(column(name)), path=path))
            prepared = fresh(f"{name}_text", taken)
            taken.append(prepared)
            beside[prepared] = read.prepare(column(name))
            if read.spellings is None:
                value = read.value(column(prepared))
            else:
                code = fresh(f"{name}_code", taken)
                taken.append(code)
                tables.append(Translate(prepared, code, read.spellings))
                value = column(code)
            if form.on_error == "fail":
                value = self._or_fail(name, value, read.noun)
            values[name] = value
        found: list[Operation] = []
        if rules:
            found.append(Hold(dict(columns), tuple(rules)))
        return [
            *found,
            Project(replaced(columns, beside)),
            *tables,
            Project(replaced(columns, values)),
        ]

    def _or_fail(self, name: str, value: exp.Expr, noun: str) -> exp.Expr:
        """The value, or the query fails because a text has none."""
        message = f"`{name}` of `{self._given.dataset}` holds a text that is not {noun}: "
        text = exp.DPipe(this=exp.Literal.string(message), expression=column(name))
        failure = exp.Anonymous(this=self._given.error_function, expressions=[text])
        present = exp.Not(this=exp.Is(this=column(name), expression=exp.Null()))
        fails = exp.Case(ifs=[exp.If(this=present, true=failure)])
        return exp.Coalesce(this=value, expressions=[fails])


_TYPES = {"Booleans": "boolean", "Dates": "date", "Units": "double"}


@dataclass(frozen=True)
class Translate:
    """A new column: what a table says of the text in `text`; NULL where it says nothing."""

    text: str
    new: str
    table: Mapping[str, str]
    row_by_row = True

    def apply(self, chain: Chain) -> None:
        """Put it at the end of a chain."""
        rows = [
            exp.Tuple(expressions=[exp.Literal.string(a), exp.Literal.string(b)])
            for a, b in self.table.items()
        ]
        names = [identifier("spelling"), identifier("code")]
        alias = exp.TableAlias(this=identifier("spellings"), columns=names)
        query = select(
            [column("spelling"), column("code")], exp.Values(expressions=rows, alias=alias)
        )
        part = chain.add(query, keep=True, reads=())
        alias_name = fresh(part, chain.relations())
        chain.join(
            table(part, alias_name),
            alias_name,
            on={self.text: "spelling"},
            take={self.new: "code"},
            reads=(part,),
        )

    def trace(self, origins: Origins) -> Origins:
        """The new column from the text."""
        return {**origins, self.new: origins[self.text]}
