"""split: `split: {column: name, separator: ", ", into: [last_name, first_name]}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from penstock.transforms.base import Built, Input, Step
from penstock.transforms.names import column
from penstock.transforms.operations import Project
from penstock.transforms.reading import Path, misfit, new_names
from penstock.transforms.require import require
from penstock.transforms.templates import filled

if TYPE_CHECKING:
    from sqlglot import exp

_PARTS = "1 + (length($x) - length(replace($x, $s, ''))) // length($s)"
_NTH = "CASE WHEN {parts} >= $n THEN split_part($x, $s, $n) END"
_SPACE = "trim($x, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(160))"


class Split(Step):
    """Takes a text apart at each separator: into columns, or into a list.

    The new columns stand in the text's place. A text with fewer parts leaves the last columns
    NULL; a NULL has no parts. An empty text is one empty part.
    """

    column: str
    """The text."""
    separator: str = Field(min_length=1)
    """What stands between two parts, letter by letter: no pattern."""
    into: str | list[str] = Field(min_length=1)
    """New columns, one for each part; or the name of one new column, a list of the parts."""
    surplus: Literal["join", "drop", "fail"] = "join"
    """More parts than columns: the last column holds the rest as it stands, or the rest goes, or
    the run fails."""
    trim: bool = False
    """Whether white space at both ends of each part goes."""
    keep: bool = False
    """Whether the text stays, before the new columns."""

    def build(self, given: Input) -> Built:
        """One projection; a check before it where more parts are an error."""
        built = Built({})
        wrong = misfit(self.column, given.columns, ("text",), ("column",), step="split")
        built.problems += [wrong] if wrong else []
        parts = self._list() if isinstance(self.into, str) else self._columns(self.into)
        type_name = "varchar[]" if isinstance(self.into, str) else "varchar"
        made: dict[str, exp.Expr] = {}
        for name, known in given.columns.items():
            if name != self.column or self.keep:
                made[name] = column(name)
                built.columns[name] = known
            if name == self.column:
                made |= parts
                built.columns |= dict.fromkeys(parts, type_name)
        others = [n for n in given.columns if n != self.column or self.keep]
        names: list[tuple[str, Path]] = (
            [(self.into, ("into",))]
            if isinstance(self.into, str)
            else [(name, ("into", i)) for i, name in enumerate(self.into)]
        )
        built.problems += new_names(names, others)
        if self.surplus == "fail" and not isinstance(self.into, str):
            few = filled(f"$x IS NULL OR {_PARTS} <= $n", n=len(self.into), **self._given())
            message = f"`{self.column}` of `{given.dataset}` has more than {len(self.into)} parts:"
            built.operations.append(require(given, few, message, column(self.column)))
        built.operations.append(Project(made))
        return built

    def _given(self) -> dict[str, exp.Expr | str | int]:
        return {"x": column(self.column), "s": self.separator}

    def _list(self) -> dict[str, exp.Expr]:
        tree = filled("string_split($x, $s)", **self._given())
        if self.trim:
            space = _SPACE.replace("$x", "part")
            tree = filled(f"list_transform($list, lambda part: {space})", list=tree)
        return {str(self.into): tree}

    def _columns(self, into: list[str]) -> dict[str, exp.Expr]:
        made = {}
        for n, name in enumerate(into, start=1):
            tree = filled(_NTH.format(parts=_PARTS), n=n, **self._given())
            if n == len(into) and self.surplus == "join" and n > 1:
                tree = self._rest(n)
            elif n == 1:
                tree = filled(
                    "$x" if self.surplus == "join" and len(into) == 1 else "split_part($x, $s, 1)",
                    **self._given(),
                )
            made[name] = filled(_SPACE, x=tree) if self.trim else tree
        return made

    def _rest(self, n: int) -> exp.Expr:
        """The text from its part `n` on."""
        before = " + ".join(f"length(split_part($x, $s, {i}))" for i in range(1, n))
        start = f"1 + {before} + {n - 1} * length($s)"
        return filled(
            f"CASE WHEN {_PARTS} >= $n THEN substr($x, {start}) END", n=n, **self._given()
        )
