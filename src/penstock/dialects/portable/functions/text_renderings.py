"""How texts are written for each engine; `text.py` declares the functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.base import Gap
from penstock.dialects.portable.functions.binding import (
    literal_number,
    literal_text,
    once,
    whole,
)

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Rendering


_AS_TEXT = "NULL gives NULL"


def sized(template: str) -> Rendering:
    """`{0}`, `{2}` … as they are, `{n}` the second argument as a 32-bit number."""

    def render(call: Call) -> str:
        made = template.replace("{n}", whole(call, 1))
        return made.format(*call.args)

    return render


def pad(name: str) -> Rendering:
    """`lpad` or `rpad`, cut where the text is longer."""

    def render(call: Call) -> str:
        text, size = call.args[0], whole(call, 1)
        fill = call.args[2] if len(call.args) > 2 else call.string(" ")
        made = f"{name}({text}, {size}, {fill})"
        if call.engine.name != "duckdb" or len(call.args) < 3 or literal_text(call, 2):
            return made
        # DuckDB fails where an empty text should fill something.
        cut = f"left({text}, CASE WHEN {size} < 0 THEN 0 ELSE {size} END)"
        return f"CASE WHEN {fill} = '' THEN {cut} ELSE {made} END"

    return render


def left(call: Call) -> str:
    """The first characters; all but the last of a negative number."""
    size, known = whole(call, 1), literal_number(call, 1)
    if call.engine.name != "spark" or (known is not None and known >= 0):
        return f"left({call.args[0]}, {size})"
    cut = f"left({{x}}, CAST(length({{x}}) + {size} AS INT))"
    if known is not None:
        return once(call, cut)
    return once(call, f"CASE WHEN {size} < 0 THEN {cut} ELSE left({{x}}, {size}) END")


def right(call: Call) -> str:
    """The last characters; all but the first of a negative number."""
    size, known = whole(call, 1), literal_number(call, 1)
    if call.engine.name == "postgres" and known is None:
        # The least integer has no minus: PostgreSQL would give the whole text.
        size = f"CASE WHEN {size} < -2147483647 THEN -2147483647 ELSE {size} END"
    if call.engine.name != "spark" or (known is not None and known >= 0):
        return f"right({call.args[0]}, {size})"
    if known is not None:
        return f"substr({call.args[0]}, {1 - known})"
    after = f"1 - greatest({size}, -2147483646)"  # of the least integer it overflows
    return once(
        call, f"CASE WHEN {size} < 0 THEN substr({{x}}, {after}) ELSE right({{x}}, {size}) END"
    )


_FAR = 1 << 30


def substr(call: Call) -> str:
    """A part by its start, from 1; a negative start counts from the end."""
    text, start = call.args[0], whole(call, 1)
    size = whole(call, 2) if len(call.args) > 2 else None
    at = literal_number(call, 1)
    length = literal_number(call, 2) if size is not None else 0
    sure = length is not None and length >= 0
    engine = call.engine.name
    if size is not None and length is not None and length < 0:
        size, sure = "0", True
    if engine == "postgres":
        if at is not None and at > 0 and sure:
            return f"substr({text}, {start}{'' if size is None else f', {size}'})"
        return f"penstock.substr({text}, {start}{'' if size is None else f', {size}'})"
    if size is None and engine == "spark" and (at is None or at < -_FAR):
        # It adds the most characters there are to the place: far before the text that overflows.
        return f"substr({text}, CASE WHEN {start} < -{_FAR} THEN -{_FAR} ELSE {start} END)"
    if size is None:
        return f"substr({text}, {start})"
    if not sure:
        size = f"CASE WHEN {size} < 0 THEN 0 ELSE {size} END"
    if engine == "duckdb" or (at is not None and at != 0):
        return f"substr({text}, {start}, {size})"
    # The place before the first is 0: one of the characters asked for is not there.
    if at == 0:
        return f"substr({text}, 1, {size} - 1)"
    shorter = f"CASE WHEN {start} = 0 THEN {size} - 1 ELSE {size} END"
    return f"substr({text}, {start}, {shorter})"


def concat(call: Call) -> str:
    """Texts one after the other, NULL as nothing."""
    if call.engine.name != "spark":
        return f"concat({', '.join(call.args)})"
    parts = [
        a if literal_text(call, i) is not None else f"coalesce({a}, '')"
        for i, a in enumerate(call.args)
    ]
    return f"concat({', '.join(parts)})"


def trim(side: str, duckdb: str, postgres: str) -> Rendering:
    """Characters taken away on a side; spaces without any."""

    def render(call: Call) -> str:
        text = call.args[0]
        what = call.args[1] if len(call.args) > 1 else call.string(" ")
        if call.engine.name == "spark":
            return f"trim({side} {what} FROM {text})"
        return f"{duckdb if call.engine.name == 'duckdb' else postgres}({text}, {what})"

    return render


def split_part(call: Call) -> str:
    """One part between separators; negative numbers count from the end."""
    text, by, number = call.args[0], call.args[1], whole(call, 2)
    plain = f"split_part({text}, {by}, {number})"
    known = literal_number(call, 2)
    if call.engine.name != "duckdb":
        return plain
    made = plain
    if not literal_text(call, 1):
        # An empty separator: DuckDB would give single characters.
        made = (
            f"CASE WHEN {by} = '' THEN CASE WHEN {number} IN (1, -1) THEN {text}"
            f" WHEN {number} IS NOT NULL THEN left({text}, 0) END ELSE {made} END"
        )
    if known == 0 or known is None:
        there = f"{text} IS NOT NULL AND {by} IS NOT NULL"
        zero = "error('split_part counts from 1')"
        made = f"CASE WHEN {number} = 0 AND {there} THEN {zero} ELSE {made} END"
    return made


def split(call: Call) -> str:
    """The parts between separators as a list."""
    text, by = call.args
    known = literal_text(call, 1)
    if call.engine.name == "duckdb":
        plain = f"string_split({text}, {by})"
        return plain if known is not None else f"CASE WHEN {by} IS NOT NULL THEN {plain} END"
    if call.engine.name == "postgres":
        if known:
            return f"penstock.split({text}, {by})"
        return f"penstock.split_any({text}, {by})"
    if known is not None:
        quoted = "".join(f"\\{c}" if c.isascii() and not c.isalnum() else c for c in known)
        return f"split({text}, {call.string(quoted)}, -1)"
    quoted_by = (
        f"regexp_replace({by}, {call.string('([^A-Za-z0-9])')}, {call.string(chr(92) * 2 + '$1')})"
    )
    return f"split({text}, {quoted_by}, -1)"


def reverse(call: Call) -> str:
    """The characters, code points, in the other order."""
    if call.engine.name != "duckdb":
        return f"reverse({call.args[0]})"
    # DuckDB's own keeps the marks of a letter behind it.
    return f"array_to_string(list_reverse(string_split({call.args[0]}, '')), '')"


def overlay(call: Call) -> str:
    """A text with a part of it replaced."""
    text, new, start = call.args[0], call.args[1], whole(call, 2)
    size = whole(call, 3) if len(call.args) > 3 else f"length({new})"
    at, known = literal_number(call, 2), literal_number(call, 3) if len(call.args) > 3 else 0
    if at is None or at < 1 or known is None or known < 0:
        from penstock.dialects.portable.refusal import Refusal

        raise Refusal(
            "PSK-PORT-024",
            "start (from 1) and length of `overlay` must be written in the SQL, not computed",
        )
    if call.engine.name == "duckdb":
        return f"(left({text}, {at - 1}) || {new} || substr({text}, {at} + {size}))"
    return f"overlay({text} PLACING {new} FROM {start} FOR {size})"


def levenshtein_duckdb(call: Call) -> str:
    """The edit distance in characters."""
    # DuckDB counts bytes: right for ASCII only. Else the table of distances, row by row.
    a, b = call.args
    row = (
        f"list_reduce(list_transform(string_split({b}, ''), lambda d__, j__: [unicode(d__), j__]),"
        " lambda r__, d__: list_append(r__, least(r__[-1] + 1, p__[d__[2] + 1] + 1,"
        " p__[d__[2]] + CASE WHEN c__[1] = d__[1] THEN 0 ELSE 1 END)), [p__[1] + 1])"
    )
    letters = f"list_transform(string_split({a}, ''), lambda c__: [CAST(unicode(c__) AS BIGINT)])"
    table = f"list_reduce({letters}, lambda p__, c__: {row}, range(0, length({b}) + 1))[-1]"
    return (
        f"CASE WHEN {a} = '' OR {b} = '' THEN length({a}) + length({b})"
        f" WHEN strlen({a}) = length({a}) AND strlen({b}) = length({b}) THEN levenshtein({a}, {b})"
        f" ELSE {table} END"
    )


NUMBERS = ["n", "-1"]


NO_DISTANCE = Gap("notimpl", "PSK-PORT-020", "only DuckDB has it: levenshtein is portable")
