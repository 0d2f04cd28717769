"""What a DQDL text says, as immutable values that remember where they stood.

Offsets count characters from the start of the text that was parsed. They do not take part in
comparison, so that two rules are equal when they say the same thing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from decimal import Decimal

Keyword = Literal["NULL", "EMPTY", "WHITESPACES_ONLY"]
Unit = Literal["minutes", "hours", "days", "B", "KB", "MB", "GB", "TB"]
Comparison = Literal["=", "!=", ">", ">=", "<", "<="]
Logical = Literal["and", "or"]


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of the parsed text: `length` characters from `offset`."""

    offset: int = 0
    length: int = 0

    @property
    def end(self) -> int:
        """Offset of the first character behind it."""
        return self.offset + self.length

    def to(self, other: Place) -> Place:
        """From the start of this one to the end of another."""
        return Place(self.offset, max(0, other.end - self.offset))


NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class Text:
    """A string in double quotes.

    Attributes:
        value: its characters, escapes resolved.
        place: with the quotes.
        quoted: False for a name written without quotes, as AWS allows for columns.
        escapes: indexes in `value` of the characters that were written with a backslash.
    """

    value: str
    place: Place = field(default=NOWHERE, compare=False)
    quoted: bool = field(default=True, compare=False)
    escapes: tuple[int, ...] = field(default=(), compare=False)

    def inside(self, start: int, length: int) -> Place:
        """Where `length` characters from index `start` of the value stand in the parsed text.

        >>> Text('a"bc', Place(10, 7), escapes=(1,)).inside(2, 2)
        Place(offset=14, length=2)
        """
        start = min(max(start, 0), len(self.value))
        end = min(start + max(length, 0), len(self.value))
        first, last = self._offset(start), self._offset(end)
        return Place(first, last - first)

    def _offset(self, index: int) -> int:
        quote = 1 if self.quoted else 0
        return self.place.offset + quote + index + sum(e < index for e in self.escapes)


@dataclass(frozen=True, slots=True)
class Number:
    """A number, exactly as written."""

    value: Decimal
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A duration or a size: `3 days`, `5 MB`."""

    amount: int
    unit: Unit
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Now:
    """`now()`, or `(now() - 3 days)` where `shift` is `-3 days`."""

    shift: Quantity | None = None
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Special:
    """One of the keywords that stand for a value: `NULL`, `EMPTY`, `WHITESPACES_ONLY`."""

    keyword: Keyword
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A dynamic value over earlier runs: `avg(last(10))`."""

    name: str
    arguments: tuple[Operand, ...] = ()
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`0.9 * avg(last(10))`: belongs to dynamic values too."""

    left: Operand
    operator: Literal["+", "-", "*", "/"]
    right: Operand
    place: Place = field(default=NOWHERE, compare=False)


Operand = Text | Number | Quantity | Now | Special | Call | Arithmetic


@dataclass(frozen=True, slots=True)
class Compare:
    """`> 5`."""

    operator: Comparison
    value: Operand
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Between:
    """`between 1 and 5`, `not between 1 and 5`. In DQDL the ends are *not* between."""

    low: Operand
    high: Operand
    negated: bool = False
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class In:
    """`in ["a", "b"]`, `not in ["a", NULL]`."""

    values: tuple[Operand, ...]
    negated: bool = False
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Matches:
    """`matches "[a-z]+"`, `not matches "[a-z]+"`."""

    pattern: Text
    negated: bool = False
    place: Place = field(default=NOWHERE, compare=False)


Condition = Compare | Between | In | Matches


@dataclass(frozen=True, slots=True)
class Simple:
    """One rule: `ColumnValues "distance" > 0 where "carrier = 'UA'" with threshold > 0.9`.

    Attributes:
        type: the rule type, as written.
        parameters: columns, a SQL statement, the name of a dataset: as the type has it.
        condition: what the type's value or values must meet.
        where: SQL condition of the rows the rule is about.
        threshold: what the share of rows that meet the condition must meet.
        tags: options of some types, `with NAME = VALUE`.
        text: the rule as the user wrote it, comments removed and spaces folded.
    """

    type: str
    parameters: tuple[Text, ...] = ()
    condition: Condition | None = None
    where: Text | None = None
    threshold: Condition | None = None
    tags: tuple[tuple[str, Condition], ...] = ()
    place: Place = field(default=NOWHERE, compare=False)
    type_place: Place = field(default=NOWHERE, compare=False)
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Composite:
    """Rules joined by one operator: `(IsComplete "id") and (IsUnique "id")`."""

    operator: Logical
    rules: tuple[Rule, ...]
    place: Place = field(default=NOWHERE, compare=False)
    text: str = field(default="", compare=False)


Rule = Simple | Composite
