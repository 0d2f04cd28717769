"""What is wrong with a rule, and where in its text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penstock.quality.ast import Rule


@dataclass(frozen=True, slots=True, order=True)
class RuleError:
    """One finding in a DQDL text.

    Attributes:
        offset: characters from the start of the text; always inside it (or at its end).
        length: characters concerned; 0 at the end of the text.
        message: what is wrong, in the reader's words.
        hint: what to do about it, with the near name where there is one.
    """

    offset: int
    length: int
    code: str
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class ParsedRules:
    """The rules of a text that could be read, and everything that could not.

    Attributes:
        errors: in the order of the text.
    """

    rules: tuple[Rule, ...]
    errors: tuple[RuleError, ...]
