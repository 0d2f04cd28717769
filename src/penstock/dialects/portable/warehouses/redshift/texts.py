"""Redshift's texts.

https://docs.aws.amazon.com/redshift/latest/dg/String_functions_header.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.base import Gap
from penstock.dialects.portable.functions.binding import literal_number
from penstock.dialects.portable.refusal import Refusal
from penstock.dialects.portable.warehouses.plain import texts as plain

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Rendering

_STRPOS = "STRPOS({0}, {1})"
# https://docs.aws.amazon.com/redshift/latest/dg/r_TO_VARBYTE.html
_BYTES = "TO_VARBYTE({0}, 'utf8')"


def _gap(why: str) -> Gap:
    return Gap("notyet", "PSK-PORT-020", why)


_TEXT_ONLY = _gap("Redshift hashes texts, not bytes")


def _chr(call: Call) -> str:
    """A character that is written as its number: as itself.

    CHR is NULL outside of ASCII, and gives a CHAR, which has no space at its end:
    https://docs.aws.amazon.com/redshift/latest/dg/r_CHR.html

    Raises:
        Refusal: it is computed, or no character.
    """
    known = literal_number(call, 0)
    if known is None or not (0 < known < 0xD800 or 0xDFFF < known < 0x110000):
        raise Refusal(
            "PSK-PORT-020",
            f"`{call.name}` of a number that is computed, or that is no character, cannot run on"
            f" {call.engine.name}, whose CHR is NULL outside of ASCII",
            "write the number in the SQL",
        )
    return call.string(chr(known))


def _checked(pattern: str, many: int, made: str, what: str) -> Rendering:
    """What is not of the form fails."""

    def render(call: Call) -> str:
        text = call.args[0]
        right = call.engine.texts.full_match.format(text, pattern)
        fails = call.engine.failing(what, text, "varchar")
        right = f"{right} AND LENGTH({text}) % {many} = 0"
        checked = f"CASE WHEN {right} THEN {text} WHEN {text} IS NOT NULL THEN {fails} END"
        return made.format(checked)

    return render


FUNCTIONS = {
    "length": {"varchar": "::LENGTH({0})"},
    "strlen": {"varchar": "::OCTET_LENGTH({0})"},
    # https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-functions.html
    "bit_length": {"varchar": "::OCTET_LENGTH({0}) * 8"},
    "trim": {"varchar, varchar?": plain.trim("BTRIM", "' '")},
    "ltrim": {"varchar, varchar?": plain.trim("LTRIM", "' '")},
    "rtrim": {"varchar, varchar?": plain.trim("RTRIM", "' '")},
    "lpad": {"varchar, whole, varchar?": plain.pad("LPAD")},
    "rpad": {"varchar, whole, varchar?": plain.pad("RPAD")},
    "left": {"varchar, whole": plain.left},
    "right": {"varchar, whole": plain.right},
    # https://docs.aws.amazon.com/redshift/latest/dg/r_SUBSTRING.html
    "substr": {"varchar, whole, whole?": plain.substr},
    "replace": {"varchar, varchar, varchar": plain.replace},
    "translate": {"varchar, varchar, varchar": plain.translate},
    "repeat": {"varchar, whole": plain.repeat},
    # CONCAT takes two, and is NULL where one is: https://docs.aws.amazon.com/redshift/latest/dg/r_CONCAT.html
    "concat": {"varchar…": plain.concat},
    "concat_ws": {"varchar, varchar…": plain.concat_ws},
    "strpos": {"varchar, varchar": plain.strpos(_STRPOS)},
    "contains": {"varchar, varchar": plain.contains(_STRPOS)},
    "starts_with": {"varchar, varchar": plain.starts_with(_STRPOS)},
    "ends_with": {"varchar, varchar": plain.ends_with},
    # From 1 on: https://docs.aws.amazon.com/redshift/latest/dg/SPLIT_PART.html
    "split_part": {"varchar, varchar, whole": lambda call: plain.split_part(call, backwards=False)},
    "reverse": {"varchar": "REVERSE({0})"},
    "overlay": {"varchar, varchar, whole, whole?": plain.overlay},
    "levenshtein": {"varchar, varchar": _gap("Redshift has no such function")},
    "nfc_normalize": {"varchar": _gap("Redshift has no Unicode normalisation")},
    "lower": {"varchar": "LOWER(TRANSLATE({0}, 'İΣ', 'iσ'))"},  # noqa: RUF001
    "upper": {"varchar": "UPPER(TRANSLATE({0}, 'ß', 'ẞ'))"},
    # https://docs.aws.amazon.com/redshift/latest/dg/r_INITCAP.html
    "initcap": {"varchar": _gap("in Redshift what is no letter and no digit ends a word")},
    # https://docs.aws.amazon.com/redshift/latest/dg/r_ASCII.html
    "ascii": {"varchar": "ASCII({0})"},
    "unicode": {"varchar": "CASE WHEN LENGTH({0}) = 0 THEN -1 ELSE ASCII({0}) END"},
    "chr": {"whole": _chr},
    "encode": {"varchar": _BYTES},
    # https://docs.aws.amazon.com/redshift/latest/dg/r_FROM_VARBYTE.html
    "decode": {"blob": "FROM_VARBYTE({0}, 'utf8')"},
    "hex": {
        "varchar": f"UPPER(FROM_VARBYTE({_BYTES}, 'hex'))",
        "blob": "UPPER(FROM_VARBYTE({0}, 'hex'))",
        "whole": "UPPER(TO_HEX(CAST({0} AS BIGINT)))",
    },
    "unhex": {"varchar": _checked("[0-9A-Fa-f]*", 2, "TO_VARBYTE({0}, 'hex')", "not hexadecimal")},
    "to_base64": {
        "varchar": f"FROM_VARBYTE({_BYTES}, 'base64')",
        "blob": "FROM_VARBYTE({0}, 'base64')",
    },
    "from_base64": {
        "varchar": _checked("[A-Za-z0-9+/]*={0,2}", 4, "TO_VARBYTE({0}, 'base64')", "not Base64")
    },
    "url_encode": {"varchar": _gap("Redshift has no such function")},
    "md5": {"varchar": "MD5({0})", "blob": _TEXT_ONLY},
    "sha1": {"varchar": "SHA1({0})", "blob": _TEXT_ONLY},
    "sha256": {"varchar": "SHA2({0}, 256)", "blob": _TEXT_ONLY},
}
"""Function → what it takes → its rendering."""
