"""sample: `sample: {fraction: 0.1, keys: [carrier, flight]}`: the same part each time."""

from __future__ import annotations

import math

from pydantic import Field
from sqlglot import exp

from penstock.transforms.base import Built, Input, Problem, Step
from penstock.transforms.keytext import as_text, key_text
from penstock.transforms.names import column
from penstock.transforms.operations import Filter
from penstock.transforms.reading import unknown
from penstock.transforms.templates import filled

_DIGITS = 8


class Sample(Step):
    """Keeps a part of the rows, chosen by the md5 of their keys: the same rows on every run.

    Rows that agree in `keys` stay or go together. A larger fraction keeps all the rows that a
    smaller one keeps. The part kept comes near to `fraction` where there are many keys. The run
    report counts the rows that go under `filtered`.
    """

    fraction: float = Field(ge=0, le=1)
    """The part of the keys that is kept, from 0 to 1; to about nine digits."""
    keys: list[str] = Field(min_length=1)
    """Columns that decide: text, whole numbers, decimals, booleans, dates. NULL is a value."""
    seed: str = ""
    """Another text makes another choice."""

    def build(self, given: Input) -> Built:
        """One filter."""
        built = Built(dict(given.columns), problems=unknown(self.keys, given.columns, ("keys",)))
        texts: list[exp.Expr] = [exp.Literal.string(self.seed)]
        for i, name in enumerate(self.keys):
            type_name = given.columns.get(name)
            if type_name is None:
                continue
            text = as_text(column(name), type_name)
            if text is None:
                message = f"`{name}` is {type_name}, which is no key: engines write it differently"
                hint = "cast it to varchar, a whole number or a decimal in a step before"
                built.problems.append(Problem("PSK-STEP-065", message, ("keys", i), hint))
                continue
            texts.append(text)
        built.operations.append(Filter(_chosen(key_text(texts), self.fraction)))
        return built


def _chosen(text: exp.Expr, fraction: float) -> exp.Expr:
    """True for a part of all texts: by the first digits of their md5, compared as text."""
    limit = math.ceil(fraction * 16**_DIGITS)
    if limit >= 16**_DIGITS:
        return exp.Boolean(this=True)
    return filled(f"substr(md5($x), 1, {_DIGITS}) < $limit", x=text, limit=f"{limit:0{_DIGITS}x}")
