"""Texts on Athena: https://trino.io/docs/406/functions/string.html."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.functions.binding import literal_number, literal_text, whole
from penstock.dialects.portable.functions.text_case import lower_sql
from penstock.dialects.portable.refusal import Refusal
from penstock.dialects.portable.warehouses.athena.binding import bound, failing, once, repeated
from penstock.letters import tables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Rendering

# Capital letters that Java 17 (Unicode 13) has not, or not of one code point.
_NEW_SMALL = frozenset((0x2C5F, 0xA7C1, 0xA7D1, 0xA7D7, 0xA7D9, *range(0x10597, 0x105BD), 0xDF))


def _new_letters() -> tuple[str, str]:
    table = dict(zip(*tables("upper"), strict=True))
    small = "".join(c for c in table if ord(c) in _NEW_SMALL)
    return small, "".join(table[c] for c in small)


def upper_of(text: str) -> str:
    """`upper` of a text's SQL."""
    small, large = _new_letters()
    return f"upper(translate({text}, '{small}', '{large}'))"


def _initcap(call: Call) -> str:
    words = f"split({lower_sql(call.engine, call.args[0])}, ' ')"
    first = upper_of("substr(w__, 1, 1)")
    return f"array_join(transform({words}, w__ -> concat({first}, substr(w__, 2))), ' ')"


def _pad(name: str) -> Callable[[Call], str]:
    """Its own fails for a negative size and for an empty filling."""

    def render(call: Call) -> str:
        text, size = call.args[0], whole(call, 1)
        fill = call.args[2] if len(call.args) > 2 else "' '"
        known, filled = literal_number(call, 1), len(call.args) < 3 or literal_text(call, 2)
        kept = str(max(known, 0)) if known is not None else f"greatest({size}, 0)"
        if filled:
            return f"{name}({text}, {kept}, {fill})"
        return (
            f"CASE WHEN {fill} = '' THEN substr({text}, 1, {kept})"
            f" ELSE {name}({text}, {kept}, NULLIF({fill}, '')) END"
        )

    return render


def _left(call: Call) -> str:
    size, known = whole(call, 1), literal_number(call, 1)
    if known is not None and known >= 0:
        return f"substr({call.args[0]}, 1, {known})"
    cut = f"substr({{x}}, 1, greatest(length({{x}}) + {size}, 0))"
    if known is not None:
        return once(call, cut)
    return once(call, f"CASE WHEN {size} < 0 THEN {cut} ELSE substr({{x}}, 1, {size}) END")


def _right(call: Call) -> str:
    size, known = whole(call, 1), literal_number(call, 1)
    kept = f"substr({{x}}, greatest(length({{x}}) - {size}, 0) + 1)"
    cut = f"substr({{x}}, 1 - {size})"
    if known is not None:
        return once(call, kept if known >= 0 else f"substr({{x}}, {1 - known})")
    return once(call, f"CASE WHEN {size} < 0 THEN {cut} ELSE {kept} END")


def _substr(call: Call) -> str:
    """Its own gives nothing of a place before the first."""
    start = whole(call, 1)
    at = literal_number(call, 1)
    size = whole(call, 2) if len(call.args) > 2 else None
    known = literal_number(call, 2) if size is not None else None
    if at is not None and at > 0 and (size is None or (known is not None and known >= 0)):
        return f"substr({call.args[0]}, {at}{'' if size is None else f', {known}'})"
    first = f"(CASE WHEN {start} < 0 THEN length({{x}}) + 1 + {start} ELSE {start} END)"
    if size is None:
        return once(call, f"substr({{x}}, greatest({first}, 1))")
    end = f"({first} + greatest({size}, 0))"
    begin = f"greatest({first}, 1)"
    return once(call, f"substr({{x}}, {begin}, greatest({end} - {begin}, 0))")


def _concat(call: Call) -> str:
    parts = [
        a if literal_text(call, i) is not None else f"coalesce({a}, '')"
        for i, a in enumerate(call.args)
    ]
    return f"concat({', '.join(parts)})" if len(parts) > 1 else parts[0]


def _joined(call: Call) -> str:
    if len(call.args) == 1:
        return f"CASE WHEN {call.args[0]} IS NOT NULL THEN '' END"
    args = [
        call.cast(a, "varchar") if t == "null" else a
        for a, t in zip(call.args, call.types, strict=True)
    ]
    return f"concat_ws({', '.join(args)})"


def _trim(side: str) -> Callable[[Call], str]:
    def render(call: Call) -> str:
        what = call.args[1] if len(call.args) > 1 else "' '"
        return f"trim({side} {what} FROM {call.args[0]})"

    return render


def _split(call: Call) -> str:
    """Its own fails for an empty separator: then each character is a part."""
    text, by = call.args
    letters = f"regexp_extract_all({text}, '(?s:.)')"
    apart = f"CASE WHEN {text} = '' THEN ARRAY[''] ELSE {letters} END"
    known = literal_text(call, 1)
    if known is not None:
        return f"split({text}, {by})" if known else apart
    split = f"split({text}, NULLIF({by}, ''))"
    return f"CASE WHEN {by} = '' THEN {apart} ELSE {split} END"


def _split_part(call: Call) -> str:
    text, by, number = call.args[0], call.args[1], whole(call, 2)
    parts = f"(CASE WHEN {by} = '' THEN ARRAY[{text}] ELSE split({text}, NULLIF({by}, '')) END)"
    known = literal_number(call, 2)
    inside = f"coalesce(element_at({{x}}, NULLIF({number}, 0)), '')"
    there = f"{text} IS NOT NULL AND {by} IS NOT NULL AND {number} IS NOT NULL"
    made = bound(parts, inside)
    zero = failing(call, "split_part counts from 1", number)
    if known == 0 or known is None:
        return f"CASE WHEN {there} THEN CASE WHEN {number} = 0 THEN {zero} ELSE {made} END END"
    return f"CASE WHEN {there} THEN {made} END"


def _overlay(call: Call) -> str:
    text, new = call.args[0], call.args[1]
    size = whole(call, 3) if len(call.args) > 3 else f"length({new})"
    at, known = literal_number(call, 2), literal_number(call, 3) if len(call.args) > 3 else 0
    if at is None or at < 1 or known is None or known < 0:
        raise Refusal(
            "PSK-PORT-024",
            "start (from 1) and length of `overlay` must be written in the SQL, not computed",
        )
    return f"(substr({text}, 1, {at - 1}) || {new} || substr({text}, {at} + {size}))"


def _repeat(call: Call) -> str:
    size, known = whole(call, 1), literal_number(call, 1)
    if known is not None:
        rows = f"repeat({call.args[0]}, {max(known, 0)})"
    else:
        rows = f"repeat({call.args[0]}, greatest({size}, 0))"
    return f"CASE WHEN {call.args[0]} IS NOT NULL THEN array_join({rows}, '') END"


def _replace(call: Call) -> str:
    """Its own puts the new text between all characters where the old one is empty."""
    text, old, new = call.args
    known = literal_text(call, 1)
    plain = f"replace({text}, {old}, {new})"
    if known is not None:
        return plain if known else f"CASE WHEN {new} IS NOT NULL THEN {text} END"
    return f"CASE WHEN {old} = '' AND {new} IS NOT NULL THEN {text} ELSE {plain} END"


def _chr(call: Call) -> str:
    code = whole(call, 0)
    known = literal_number(call, 0)
    if known is not None and (0 < known < 0xD800 or 0xDFFF < known < 0x110000):
        return f"chr({code})"
    return (
        f"CASE WHEN {code} BETWEEN 1 AND 55295 OR {code} BETWEEN 57344 AND 1114111"
        f" THEN chr({code}) WHEN {code} IS NOT NULL"
        f" THEN {failing(call, 'chr of no code point', code)} END"
    )


def _first_code(empty: int) -> Rendering:
    first = "codepoint(CAST(substr({x}, 1, 1) AS VARCHAR(1)))"
    return repeated(f"CASE WHEN {{x}} = '' THEN {empty} ELSE {first} END")


def _hex(call: Call) -> str:
    if call.types[0] == "blob":
        return f"to_hex({call.args[0]})"
    if call.types[0] == "varchar":
        return f"to_hex(to_utf8({call.args[0]}))"
    wide = f"to_hex(to_big_endian_64(CAST({call.args[0]} AS BIGINT)))"
    return f"regexp_replace({wide}, '^0{{1,15}}', '')"


def _checked(pattern: str, many: int, made: str, what: str) -> Callable[[Call], str]:
    """What is not of the form fails, as it does elsewhere."""

    def render(call: Call) -> str:
        body = (
            f"CASE WHEN regexp_like({{x}}, '{pattern}') AND length({{x}}) % {many} = 0"
            f" THEN {made} WHEN {{x}} IS NOT NULL THEN {failing(call, what, '{x}')} END"
        )
        return once(call, body)

    return render


def _decode(call: Call) -> str:
    wrong = call.engine.failing("not UTF-8", "to_hex({x})", "varchar")
    return once(
        call,
        "CASE WHEN to_utf8(from_utf8({x})) = {x} THEN from_utf8({x})"
        f" WHEN {{x}} IS NOT NULL THEN {wrong} END",
    )


_URL = "replace(replace(replace(url_encode({0}), '+', '%20'), '*', '%2A'), '%7E', '~')"
_TEXT = "varchar"

FUNCTIONS: Mapping[str, Mapping[str, Rendering]] = {
    "lower": {_TEXT: lambda call: lower_sql(call.engine, call.args[0])},
    "upper": {_TEXT: lambda call: upper_of(call.args[0])},
    "initcap": {_TEXT: _initcap},
    "length": {_TEXT: "length({0})"},
    "strlen": {_TEXT: "length(to_utf8({0}))"},
    "bit_length": {_TEXT: "length(to_utf8({0})) * 8"},
    "lpad": {"varchar, whole, varchar?": _pad("lpad")},
    "rpad": {"varchar, whole, varchar?": _pad("rpad")},
    "left": {"varchar, whole": _left},
    "right": {"varchar, whole": _right},
    "substr": {"varchar, whole, whole?": _substr},
    "concat": {"varchar…": _concat},
    "concat_ws": {"varchar, varchar…": _joined},
    "trim": {"varchar, varchar?": _trim("BOTH")},
    "ltrim": {"varchar, varchar?": _trim("LEADING")},
    "rtrim": {"varchar, varchar?": _trim("TRAILING")},
    "contains": {"varchar, varchar": "(strpos({0}, {1}) > 0)"},
    "starts_with": {"varchar, varchar": "starts_with({0}, {1})"},
    "ends_with": {"varchar, varchar": "(reverse(substr(reverse({0}), 1, length({1}))) = {1})"},
    "strpos": {"varchar, varchar": "strpos({0}, {1})"},
    "replace": {"varchar, varchar, varchar": _replace},
    "translate": {"varchar, varchar, varchar": "translate({0}, {1}, {2})"},
    "reverse": {_TEXT: "reverse({0})"},
    "repeat": {"varchar, whole": _repeat},
    "overlay": {"varchar, varchar, whole, whole?": _overlay},
    "string_split": {"varchar, varchar": _split},
    "split_part": {"varchar, varchar, whole": _split_part},
    "levenshtein": {"varchar, varchar": "levenshtein_distance({0}, {1})"},
    "nfc_normalize": {_TEXT: "normalize({0}, NFC)"},
    "chr": {"whole": _chr},
    "ascii": {_TEXT: _first_code(0)},
    "unicode": {_TEXT: _first_code(-1)},
    "encode": {_TEXT: "to_utf8({0})"},
    "decode": {"blob": _decode},
    "hex": {"varchar | blob | whole": _hex},
    "unhex": {_TEXT: _checked(r"^[0-9A-Fa-f]*\z", 2, "from_hex({x})", "no hexadecimal digits")},
    "to_base64": {"varchar": "to_base64(to_utf8({0}))", "blob": "to_base64({0})"},
    "from_base64": {
        _TEXT: _checked(r"^[A-Za-z0-9+/]*={0,2}\z", 4, "from_base64({x})", "no Base64")
    },
    "url_encode": {_TEXT: _URL},
    # https://trino.io/docs/406/functions/binary.html
    "md5": {_TEXT: "lower(to_hex(md5(to_utf8({0}))))", "blob": "lower(to_hex(md5({0})))"},
    "sha1": {_TEXT: "lower(to_hex(sha1(to_utf8({0}))))", "blob": "lower(to_hex(sha1({0})))"},
    "sha256": {
        _TEXT: "lower(to_hex(sha256(to_utf8({0}))))",
        "blob": "lower(to_hex(sha256({0})))",
    },
}
