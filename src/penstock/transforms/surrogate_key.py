"""surrogate_key: `surrogate_key: {name: flight_key, keys: [carrier, flight]}`."""

from __future__ import annotations

from pydantic import Field
from sqlglot import exp

from penstock.transforms.base import Built, Input, Problem, Step
from penstock.transforms.keytext import as_text, key_text
from penstock.transforms.names import column
from penstock.transforms.operations import Project, replaced
from penstock.transforms.reading import new_names, unknown
from penstock.transforms.templates import filled


class SurrogateKey(Step):
    """One column that stands for several: the MD5 of their values, as 32 hexadecimal digits.

    The same values give the same key in every run and on every engine, and no two rows of
    different values share the text that it is made of: each value stands behind its length, NULL
    is a value of its own. Whole numbers of different types give the same key; decimals of
    different scale do not (`1.5` and `1.50`).
    """

    name: str = Field(min_length=1)
    """The new column."""
    keys: list[str] = Field(min_length=1)
    """Columns, in an order that is part of the key: text, whole numbers, decimals, booleans,
    dates, timestamps without a zone."""

    def build(self, given: Input) -> Built:
        """One projection."""
        built = Built({**given.columns, self.name: "varchar"})
        built.problems += unknown(self.keys, given.columns, ("keys",))
        built.problems += new_names([(self.name, ("name",))], given.columns)
        texts: list[exp.Expr] = []
        for i, name in enumerate(self.keys):
            type_name = given.columns.get(name)
            if type_name is None:
                continue
            text = _text(name, type_name)
            if text is None:
                message = f"`{name}` is {type_name}, which engines do not write as the same text"
                hint = "derive a column of another type from it, such as a decimal, first"
                built.problems.append(Problem("PSK-STEP-034", message, ("keys", i), hint))
            else:
                texts.append(text)
        if texts and not built.problems:
            digest = exp.MD5(this=key_text(texts))
            built.operations.append(Project(replaced(given.columns, {self.name: digest})))
        return built


def _text(name: str, type_name: str) -> exp.Expr | None:
    if type_name == "timestamp":
        # As text, engines write fractions of a second in different ways.
        return filled("CAST(epoch_us($x) AS varchar)", x=column(name))
    return as_text(column(name), type_name)
