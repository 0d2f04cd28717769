"""join_columns: `join_columns: {columns: [first, last], into: name, separator: " "}`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from sqlglot import exp

from penstock.spec.base import Text  # noqa: TC001  # pydantic reads it
from penstock.transforms.base import Built, Input, Problem, Step
from penstock.transforms.keytext import as_text
from penstock.transforms.names import column
from penstock.transforms.operations import Project
from penstock.transforms.reading import Path, new_names, unknown
from penstock.transforms.templates import filled


class JoinColumns(Step):
    """Puts the texts of several columns together in one.

    It stands in the place of the first of them. Where all of them are NULL, it is NULL.
    """

    columns: list[str] = Field(min_length=1)
    """Text, whole numbers, decimals, booleans, dates."""
    into: Text
    """New column."""
    separator: str = " "
    """What stands between two of them."""
    nulls: Literal["skip", "empty", "null"] | None = "skip"
    """A NULL among them: it is left out with its separator, it is an empty text, or the whole is
    NULL."""
    keep: bool = False
    """Whether the columns stay, before the new one."""

    def build(self, given: Input) -> Built:
        """One projection."""
        built = Built({}, problems=unknown(self.columns, given.columns, ("columns",)))
        texts: list[exp.Expr] = []
        for i, name in enumerate(self.columns):
            type_name = given.columns.get(name)
            if type_name is None:
                continue
            text = as_text(column(name), type_name)
            if text is None:
                message = f"`{name}` is {type_name}, which engines write differently"
                hint = "cast it in a step before, such as to a decimal or to varchar by a format"
                built.problems.append(Problem("PSK-STEP-065", message, ("columns", i), hint))
                continue
            texts.append(text)
        made: dict[str, exp.Expr] = {}
        first = next((c for c in self.columns if c in given.columns), None)
        for name, known in given.columns.items():
            if name not in self.columns or self.keep:
                made[name] = column(name)
                built.columns[name] = known
            last = self.columns[-1] if self.keep else first
            if name == last and texts:
                made[self.into] = self._joined(texts)
                built.columns[self.into] = "varchar"
        built.columns.setdefault(self.into, None)
        others = [n for n in given.columns if n not in self.columns or self.keep]
        names: list[tuple[str, Path]] = [(self.into, ("into",))]
        built.problems += new_names(names, others)
        built.operations.append(Project(made))
        return built

    def _joined(self, texts: list[exp.Expr]) -> exp.Expr:
        parts = texts
        if self.nulls == "empty":
            parts = [filled("coalesce($x, '')", x=text) for text in texts]
        places = ", ".join(f"$t{i}" for i in range(len(parts)))
        given = {f"t{i}": part for i, part in enumerate(parts)}
        whole = filled(f"concat_ws($separator, {places})", separator=self.separator, **given)
        absent = [exp.Is(this=text.copy(), expression=exp.Null()) for text in texts]
        joint = exp.or_ if self.nulls in {"null", None} else exp.and_
        return filled(
            "CASE WHEN $missing THEN NULL ELSE $whole END",
            missing=joint(*absent, copy=False),
            whole=whole,
        )
