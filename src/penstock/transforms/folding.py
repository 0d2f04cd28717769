"""Text without what does not tell two names apart: letter case, accents, spaces, punctuation."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from penstock.transforms.templates import filled

if TYPE_CHECKING:
    from sqlglot import exp

# Letters that Unicode does not take apart, and the one that stands for each.
_LETTERS = {"ß": "s", "æ": "a", "œ": "o", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "t",
            "ħ": "h", "ŧ": "t"}  # fmt: skip
# ASCII but for letters and digits, the no-break space, and accents that stand alone.
_NOTHING = r"'[\x01-\x2F\x3A-\x60\x7B-\x7F\x{00A0}\x{0300}-\x{036F}]+'"


def folded(tree: exp.Expr) -> exp.Expr:
    """A text in small letters without accents, white space and punctuation.

    >>> from penstock.transforms.names import column
    >>> folded(column("s")).sql("duckdb")[:30]
    'REGEXP_REPLACE(TRANSLATE(LOWER'
    """
    accented, plain = _accents()
    return filled(
        f"regexp_replace(translate(lower($x), $accented, $plain), {_NOTHING}, '', 'g')",
        x=tree,
        accented=accented,
        plain=plain,
    )


@cache
def _accents() -> tuple[str, str]:
    """Accented small Latin letters, and the letter without its accent for each."""
    found = dict(_LETTERS)
    for number in range(0xE0, 0x180):
        letter = chr(number)
        base = unicodedata.normalize("NFD", letter)[0]
        if base.isascii() and base.islower():
            found[letter] = base
    return "".join(found), "".join(found.values())
