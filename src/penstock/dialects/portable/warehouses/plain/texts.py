"""Texts: places and lengths are made sure of before a function of the warehouse sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.functions.binding import literal_number, literal_text, whole
from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Rendering


def positive(sql: str) -> str:
    """A number that is 0 where it is below; NULL stays NULL."""
    return f"CASE WHEN {sql} < 0 THEN 0 ELSE {sql} END"


def _size(call: Call, number: int) -> str:
    """A number of characters, not below 0."""
    known, size = literal_number(call, number), whole(call, number)
    if known is None:
        return positive(size)
    return str(max(known, 0))


def left(call: Call) -> str:
    """The first characters; all but the last of a negative number."""
    text, size, known = call.args[0], whole(call, 1), literal_number(call, 1)
    if known is not None and known >= 0:
        return f"LEFT({text}, {known})"
    rest = f"LENGTH({text}) + {size}"
    cut = f"LEFT({text}, {positive(rest)})"
    if known is not None:
        return cut
    return f"CASE WHEN {size} < 0 THEN {cut} ELSE LEFT({text}, {positive(size)}) END"


def right(call: Call) -> str:
    """The last characters; all but the first of a negative number."""
    text, size, known = call.args[0], whole(call, 1), literal_number(call, 1)
    if known is not None:
        return (
            f"RIGHT({text}, {known})"
            if known >= 0
            else f"SUBSTR({text}, {min(1 - known, 2147483647)})"
        )
    # The least integer has no positive one.
    after = f"1 - GREATEST({size}, -2147483646)"
    from_there = f"SUBSTR({text}, CASE WHEN {size} < 0 THEN {after} ELSE 1 END)"
    return f"CASE WHEN {size} < 0 THEN {from_there} ELSE RIGHT({text}, {positive(size)}) END"


def substr(call: Call) -> str:
    """A part by its start, from 1; a negative start counts from the end.

    Places before the first are empty ones, which each warehouse counts in a way of its own.
    """
    text, at = call.args[0], literal_number(call, 1)
    length = literal_number(call, 2) if len(call.args) > 2 else None
    sized = len(call.args) > 2
    if at is not None and at > 0 and (not sized or length is not None):
        return f"SUBSTR({text}, {at}{f', {max(length, 0)}' if length is not None else ''})"
    if at is not None and not sized:
        return f"RIGHT({text}, {min(-at, 2147483647)})" if at else text
    start = whole(call, 1)
    if at is not None:
        first = str(at) if at >= 0 else f"(LENGTH({text}) - {-at - 1})"
    else:
        first = f"(CASE WHEN {start} < 0 THEN LENGTH({text}) + 1 + {start} ELSE {start} END)"
    begin = f"CASE WHEN {first} > 1 THEN {first} WHEN {first} <= 1 THEN 1 END"
    if not sized:
        return f"SUBSTR({text}, {begin})"
    end = (
        f"({first} + {_size(call, 2)})" if length is not None else f"({first} + ({_size(call, 2)}))"
    )
    count = f"{end} - ({begin})"
    return (
        f"SUBSTR({text}, {begin}, CASE WHEN {count} > 0 THEN {count} WHEN {count} <= 0 THEN 0 END)"
    )


def pad(name: str) -> Rendering:
    """`LPAD` or `RPAD`; an empty text adds nothing."""

    def render(call: Call) -> str:
        text, size = call.args[0], _size(call, 1)
        fill = call.args[2] if len(call.args) > 2 else call.string(" ")
        known = literal_text(call, 2) if len(call.args) > 2 else " "
        padded, cut = f"{name}({text}, {size}, {fill})", f"LEFT({text}, {size})"
        if known is not None:
            return padded if known else cut
        return f"CASE WHEN LENGTH({fill}) = 0 THEN {cut} ELSE {padded} END"

    return render


def concat(call: Call) -> str:
    """Texts one after the other, NULL as nothing."""
    parts = [
        a if literal_text(call, i) is not None else f"COALESCE({a}, '')"
        for i, a in enumerate(call.args)
        if call.types[i] != "null"
    ]
    return f"({' || '.join(parts)})" if parts else "''"


def concat_ws(call: Call) -> str:
    """Texts with a separator between: each with one before it, without the first one."""
    between = call.args[0]
    parts = [
        f"COALESCE({between} || {a}, '')"
        for a, t in zip(call.args, call.types, strict=True)
        if t != "null"
    ][1:]
    if call.types[0] == "null":
        return call.cast("NULL")
    if not parts:
        return f"CASE WHEN {between} IS NOT NULL THEN '' END"
    return f"SUBSTR({' || '.join(parts)}, LENGTH({between}) + 1)"


def strpos(template: str) -> Rendering:
    """The place of a text (`{1}`) in another (`{0}`); the empty text is at 1."""

    def render(call: Call) -> str:
        return call.cast(place(call, template))

    return render


def place(call: Call, template: str) -> str:
    """The same, in the warehouse's own type of number."""
    text, part = call.args
    made = template.format(text, part)
    if literal_text(call, 1):
        return made
    return (
        f"CASE WHEN LENGTH({part}) = 0 THEN CASE WHEN {text} IS NOT NULL THEN 1 END ELSE {made} END"
    )


def contains(template: str) -> Rendering:
    """Whether a text is in another."""
    return lambda call: f"({place(call, template)} > 0)"


def starts_with(template: str) -> Rendering:
    """Whether a text begins with another."""
    return lambda call: f"({place(call, template)} = 1)"


def ends_with(call: Call) -> str:
    """Whether a text ends with another.

    The lengths are compared too: on Redshift texts that differ in spaces at the end are equal.
    """
    text, part = call.args
    return f"(LENGTH({text}) >= LENGTH({part}) AND RIGHT({text}, LENGTH({part})) = {part})"


def replace(call: Call) -> str:
    """Every occurrence by another text; looking for the empty text changes nothing."""
    text, part, new = call.args
    made = f"REPLACE({text}, {part}, {new})"
    if literal_text(call, 1):
        return made
    same = f"CASE WHEN {new} IS NOT NULL THEN {text} END"
    return f"CASE WHEN LENGTH({part}) = 0 THEN {same} ELSE {made} END"


def translate(call: Call) -> str:
    """Characters by others; of one that is named twice the first counts.

    Raises:
        Refusal: the characters are computed: what is there twice could not be taken out.
    """
    text = call.args[0]
    source, target = literal_text(call, 1), literal_text(call, 2)
    if source is None or target is None:
        raise Refusal(
            "PSK-PORT-024",
            f"the characters of `{call.name}` must be written in the SQL, not computed",
            "use replace for each of them",
        )
    # Those that are kept come first: what has no partner in the third text is left out.
    pairs = {c: target[i : i + 1] for i, c in reversed(list(enumerate(source)))}
    kept = {c: n for c, n in pairs.items() if n}
    gone = "".join(c for c, n in pairs.items() if not n)
    if not pairs:
        return text
    from_these, to_these = "".join(kept) + gone, "".join(kept.values())
    return f"TRANSLATE({text}, {call.string(from_these)}, {call.string(to_these)})"


def repeat(call: Call) -> str:
    """A text so many times, none for less than 1."""
    return f"REPEAT({call.args[0]}, {_size(call, 1)})"


def trim(name: str, blank: str = "") -> Rendering:
    """Characters taken away on a side; spaces without any.

    Args:
        blank: what says spaces there; empty: nothing needs to.
    """

    def render(call: Call) -> str:
        if len(call.args) > 1 and literal_text(call, 1) == "":
            return call.args[0]
        what = call.args[1:] or ([blank] if blank else [])
        return f"{name}({', '.join((call.args[0], *what))})"

    return render


def overlay(call: Call) -> str:
    """A text with a part of it replaced.

    Raises:
        Refusal: the place or the number of characters is computed.
    """
    text, new = call.args[0], call.args[1]
    at = literal_number(call, 2)
    known = literal_number(call, 3) if len(call.args) > 3 else 0
    if at is None or at < 1 or known is None or known < 0:
        raise Refusal(
            "PSK-PORT-024",
            "start (from 1) and length of `overlay` must be written in the SQL, not computed",
        )
    rest = str(at + known) if len(call.args) > 3 else f"{at} + LENGTH({new})"
    return f"(LEFT({text}, {at - 1}) || {new} || SUBSTR({text}, {rest}))"


def split_part(call: Call, *, backwards: bool) -> str:
    """One part between separators, from 1; the empty text where there is none.

    Args:
        backwards: the warehouse counts from the end for a negative number.

    Raises:
        Refusal: it counts from the end, and the warehouse does not.
    """
    text, between, number = call.args[0], call.args[1], whole(call, 2)
    known = literal_number(call, 2)
    if known is not None and known < 0 and not backwards:
        raise Refusal(
            "PSK-PORT-020",
            f"`{call.name}` from the end cannot run on {call.engine.name}",
            "reverse the text and the part",
        )
    made = f"SPLIT_PART({text}, {between}, {number})"
    if not literal_text(call, 1):
        ends = "IN (1, -1)" if backwards else "= 1"
        made = (
            f"CASE WHEN LENGTH({between}) = 0 THEN CASE WHEN {number} {ends} THEN {text}"
            f" WHEN {text} IS NOT NULL THEN '' END ELSE {made} END"
        )
    if known is None or known == 0:
        wrong = f"{number} = 0" if backwards else f"{number} < 1"
        fails = call.engine.failing("split_part counts from 1", number, "varchar")
        given = f"{text} IS NOT NULL AND {between} IS NOT NULL"
        made = f"CASE WHEN {given} AND {wrong} THEN {fails} ELSE {made} END"
    return made


def chr_(call: Call) -> str:
    """The character of a code point; what is none fails."""
    code, known = whole(call, 0), literal_number(call, 0)
    if known is not None and (0 < known < 0xD800 or 0xDFFF < known < 0x110000):
        return f"CHR({code})"
    fails = call.engine.failing("chr of no code point", code, "varchar")
    return (
        f"CASE WHEN {code} BETWEEN 1 AND 55295 OR {code} BETWEEN 57344 AND 1114111 THEN CHR({code})"
        f" WHEN {code} IS NOT NULL THEN {fails} END"
    )
