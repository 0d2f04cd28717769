"""Expressions that give another value each time they are computed.

What is computed from them is kept, so that every reader sees the same rows and rows set aside are
counted over the rows that were used.
"""

from __future__ import annotations

from sqlglot import exp

_KINDS = (
    exp.CurrentDate,
    exp.CurrentDatetime,
    exp.CurrentTime,
    exp.CurrentTimestamp,
    exp.Localtime,
    exp.Localtimestamp,
    exp.Rand,
    exp.Uuid,
)
# DuckDB's functions whose stability is not CONSISTENT, as far as a query may call them.
NAMES = frozenset(
    {
        "ago",
        "currval",
        "get_current_time",
        "get_current_timestamp",
        "nextval",
        "now",
        "random",
        "setseed",
        "today",
        "transaction_timestamp",
        "txid_current",
        "uuidv4",
        "uuidv7",
    }
)


def is_volatile(tree: exp.Expr) -> bool:
    """Whether computing it twice may give two answers.

    >>> from sqlglot import parse_one
    >>> is_volatile(parse_one("now() - d", read="duckdb")), is_volatile(parse_one("d + 1"))
    (True, False)
    """
    if tree.find(*_KINDS):
        return True
    return any(call.name.lower() in NAMES for call in tree.find_all(exp.Anonymous))
