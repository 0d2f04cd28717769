"""A condition that every row meets, or the run fails with a message that shows the value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.transforms.operations import Filter

if TYPE_CHECKING:
    from penstock.transforms.base import Input


def require(given: Input, condition: exp.Expr, message: str, shown: exp.Expr) -> Filter:
    """Keeps every row; the query fails for one that does not meet the condition.

    It stands in a WHERE, because an engine does not compute a column that nothing reads.

    Args:
        condition: true, false or, as good as false, NULL.
        message: ends where the value begins.
        shown: the value, as text or NULL.
    """
    value = exp.Coalesce(this=shown.copy(), expressions=[exp.Literal.string("NULL")])
    text = exp.DPipe(this=exp.Literal.string(f"{message} "), expression=value)
    failure = exp.Anonymous(this=given.error_function, expressions=[text])
    # What the function returns has no type of its own on every engine.
    fails = exp.Is(this=failure, expression=exp.Null())
    return Filter(
        exp.Case(ifs=[exp.If(this=condition.copy(), true=exp.Boolean(this=True))], default=fails)
    )
