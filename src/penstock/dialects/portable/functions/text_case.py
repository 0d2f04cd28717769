"""Text: upper and lower case, one code point for one."""

# ruff: noqa: RUF001 - letters that look like others are the point

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from penstock.dialects.portable.entry import function, on
from penstock.dialects.portable.functions.binding import once
from penstock.dialects.portable.spelling import said
from penstock.letters import tables

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.engine import Engine

# Java makes two or three letters of these: https://www.unicode.org/Public/13.0.0/ucd/SpecialCasing.txt
_SEVERAL = (
    "ŉǰΐΰև\u1e96-\u1e9a\u1f50\u1f52\u1f54\u1f56\u1f80-\u1faf\u1fb2-\u1fb4\u1fb6\u1fb7\u1fbc"
    "\u1fc2-\u1fc4\u1fc6\u1fc7\u1fcc\u1fd2\u1fd3\u1fd6\u1fd7\u1fe2-\u1fe4\u1fe6\u1fe7"
    "\u1ff2-\u1ff4\u1ff6\u1ff7\u1ffc\ufb00-\ufb06\ufb13-\ufb17"
)
# Letters of Unicode 14 and later, which Java 17 (Unicode 13) leaves alone.
_NEW = (
    *(0x2C5F, 0xA7C1, 0xA7D1, 0xA7D7, 0xA7D9),
    *(c for c in range(0x10597, 0x105BD) if c not in (0x105A2, 0x105B2, 0x105BA)),
)


@cache
def _spark() -> tuple[str, str, str, str, str, str]:
    """Letters to be changed by ourselves on Spark: for lower, upper, and those of `_SEVERAL`."""
    import re

    table = dict(zip(*tables("upper"), strict=True))
    small = "".join(map(chr, _NEW))
    large = "".join(table[c] for c in small)
    several = [c for c in table if re.fullmatch(f"[{_SEVERAL}]", c)]
    return (
        # Java lowers Σ by what stands around it, and İ to two.
        "İΣ" + large,
        "iσ" + small,
        "ß" + small,
        "ẞ" + large,
        "".join(several),
        "".join(table[c] for c in several),
    )


def lower_sql(engine: Engine, text: str) -> str:
    """`lower` in an engine's SQL; Spark's own only after the letters that it maps otherwise."""
    if engine.name == "spark":
        before, after, *_ = _spark()
        return f"lower(translate({text}, {engine.string(before)}, {engine.string(after)}))"
    return said(engine, engine.texts.lower, "`lower`").format(text)


def upper_spark(call: Call, body: str) -> str:
    """`upper` on Spark, of a text that may be repeated.

    ASCII goes the short way; letters that Java makes several of are done one by one.
    """
    _, _, new, newer, several, changed = _spark()
    klass = call.string(f"[{_SEVERAL}]")
    rest = f"upper(translate({{}}, {call.string(new)}, {call.string(newer)}))"
    each = (
        f"CASE WHEN c__ RLIKE {klass}"
        f" THEN translate(c__, {call.string(several)}, {call.string(changed)})"
        f" ELSE {rest.format('c__')} END"
    )
    return (
        f"CASE WHEN octet_length({body}) = length({body}) THEN upper({body})"
        f" WHEN {body} RLIKE {klass}"
        f" THEN array_join(transform(split({body}, ''), c__ -> {each}), '')"
        f" ELSE {rest.format(body)} END"
    )


def _lower(call: Call) -> str:
    return lower_sql(call.engine, call.args[0])


def _upper(call: Call) -> str:
    return once(call, upper_spark(call, "{x}"))


def _initcap(call: Call) -> str:
    if call.engine.name == "duckdb":
        return (
            f"array_to_string(list_transform(string_split(lower({call.args[0]}), ' '),"
            " lambda w__: upper(left(w__, 1)) || substr(w__, 2)), ' ')"
        )
    first = upper_spark(call, "left(w__, 1)")
    words = f"split({lower_sql(call.engine, call.args[0])}, ' ', -1)"
    return f"array_join(transform({words}, w__ -> concat({first}, substr(w__, 2))), ' ')"


FUNCTIONS = (
    function(
        "lower",
        "text",
        "Small letters, each code point for itself by Unicode's simple mapping: `İ` gives `i`, `Σ`"
        " always `σ`. No locale counts.",
        on(
            "varchar",
            every=_lower,
            gives="varchar",
        ),
        aliases=("lcase",),
        cases=["lower(s)", "lower(upper(s))", "SELECT 1 AS k, lower('ΑΣ ΟΔΟΣ') AS v"],
    ),
    function(
        "upper",
        "text",
        "Capital letters, each code point for itself by Unicode's simple mapping: `ß` gives `ẞ`,"
        " letters without a capital of one code point (`ﬁ`) stay. No locale counts.",
        on(
            "varchar",
            duckdb="upper({0})",
            spark=_upper,
            postgres="penstock.upper({0})",
            gives="varchar",
        ),
        aliases=("ucase",),
        cases=["upper(s)", "upper(lower(s))", "SELECT 1 AS k, upper('ŉ ß ﬁ ᾳ ΐ') AS v"],
    ),
    function(
        "initcap",
        "text",
        "The first character of each word a capital, the others small. Words stand between spaces"
        " (U+0020), nothing else ends one.",
        on(
            "varchar",
            duckdb=_initcap,
            spark=_initcap,
            postgres="penstock.initcap({0})",
            gives="varchar",
        ),
        cases=["initcap(s)", "initcap(s || '  ab ')"],
    ),
)
