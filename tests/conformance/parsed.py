"""sqlfluff, a parser that had no part in writing a warehouse's SQL: what it cannot read."""

from __future__ import annotations

from functools import cache


@cache
def _parser(dialect: str):
    from sqlfluff.core import FluffConfig, Linter

    return Linter(config=FluffConfig(overrides={"dialect": dialect, "max_parse_depth": 0}))


def unread(sql: str, dialect: str) -> str | None:
    """Why a statement does not parse; None: it does."""
    parsed = _parser(dialect).parse_string(sql)
    if parsed.violations:
        return parsed.violations[0].desc()
    tree = parsed.tree
    if tree is None:
        return "there is no tree"
    wrong = next(tree.recursive_crawl("unparsable"), None)
    return f"not parsed: {wrong.raw[:200]}" if wrong is not None else None
