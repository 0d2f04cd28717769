"""Values as text that every engine writes alike, and several values as one unambiguous text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock import types
from penstock.transforms.names import cast
from penstock.transforms.templates import filled

if TYPE_CHECKING:
    from collections.abc import Sequence

_PLAIN = {"varchar", "smallint", "integer", "bigint", "decimal", "boolean", "date"}


def as_text(tree: exp.Expr, type_name: str) -> exp.Expr | None:
    """A value as text; None: engines would not write it the same way.

    That is so for floating-point numbers, and for times with a zone, which each session shows in
    its own.

    >>> from penstock.transforms.names import column
    >>> as_text(column("n"), "integer").sql("duckdb"), as_text(column("x"), "double")
    ('CAST(n AS TEXT)', None)
    """
    name = types.parse(type_name).name
    if name not in _PLAIN:
        return None
    return tree.copy() if name == "varchar" else cast(tree.copy(), "varchar")


def key_text(texts: Sequence[exp.Expr]) -> exp.Expr:
    """Several texts as one, never the same for two different rows of them.

    Each stands behind its length in characters; a NULL is `-`, which no length is.

    >>> from penstock.transforms.names import column
    >>> key_text([column("a")]).sql("duckdb")
    "CASE WHEN a IS NULL THEN '-' ELSE CAST(LENGTH(a) AS TEXT) || ':' || a END"
    """
    parts = [
        filled(
            "CASE WHEN $x IS NULL THEN '-' ELSE CAST(length($x) AS varchar) || ':' || $x END", x=t
        )
        for t in texts
    ]
    whole: exp.Expr = parts[0]
    for part in parts[1:]:
        whole = exp.DPipe(this=whole, expression=part)
    return whole
