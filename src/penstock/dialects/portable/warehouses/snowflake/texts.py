"""Snowflake's texts.

https://docs.snowflake.com/en/sql-reference/functions-string
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.base import Gap
from penstock.dialects.portable.warehouses.plain import texts as plain

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call

_NO_NFC = Gap("notyet", "PSK-PORT-020", "Snowflake has no Unicode normalisation of its own")
_NO_URL = Gap("notyet", "PSK-PORT-020", "Snowflake encodes for URLs in functions of yours only")
_HEX = Gap("notimpl", "PSK-PORT-020", "Snowflake writes a hexadecimal number by a format")
_NO_BYTES = Gap("notyet", "PSK-PORT-020", "Snowflake's pages have it of texts, not of bytes")
# https://docs.snowflake.com/en/sql-reference/functions/position
_POSITION = "POSITION({1}, {0})"
_BASE64 = "[A-Za-z0-9+/]*={0,2}"


def _from_base64(call: Call) -> str:
    # https://docs.snowflake.com/en/sql-reference/functions/base64_decode_binary
    text = call.args[0]
    fails = call.engine.failing("not Base64", text, "blob")
    right = f"REGEXP_LIKE({text}, {call.string(_BASE64)}) AND MOD(LENGTH({text}), 4) = 0"
    made = f"BASE64_DECODE_BINARY({text})"
    return f"CASE WHEN {right} THEN {made} WHEN {text} IS NOT NULL THEN {fails} END"


FUNCTIONS = {
    "length": {"varchar": "::LENGTH({0})"},
    "strlen": {"varchar": "::OCTET_LENGTH({0})"},
    "bit_length": {"varchar": "::BIT_LENGTH({0})"},
    # Of blanks alone: https://docs.snowflake.com/en/sql-reference/functions/trim
    "trim": {"varchar, varchar?": plain.trim("TRIM")},
    "ltrim": {"varchar, varchar?": plain.trim("LTRIM")},
    "rtrim": {"varchar, varchar?": plain.trim("RTRIM")},
    # https://docs.snowflake.com/en/sql-reference/functions/lpad
    "lpad": {"varchar, whole, varchar?": plain.pad("LPAD")},
    "rpad": {"varchar, whole, varchar?": plain.pad("RPAD")},
    "left": {"varchar, whole": plain.left},
    "right": {"varchar, whole": plain.right},
    # Snowflake takes the place 0 for 1: https://docs.snowflake.com/en/sql-reference/functions/substr
    "substr": {"varchar, whole, whole?": plain.substr},
    "replace": {"varchar, varchar, varchar": plain.replace},
    "translate": {"varchar, varchar, varchar": plain.translate},
    "repeat": {"varchar, whole": plain.repeat},
    # Both give NULL where one is: https://docs.snowflake.com/en/sql-reference/functions/concat_ws
    "concat": {"varchar…": plain.concat},
    "concat_ws": {"varchar, varchar…": plain.concat_ws},
    "strpos": {"varchar, varchar": plain.strpos(_POSITION)},
    "contains": {"varchar, varchar": plain.contains(_POSITION)},
    "starts_with": {"varchar, varchar": plain.starts_with(_POSITION)},
    "ends_with": {"varchar, varchar": plain.ends_with},
    # https://docs.snowflake.com/en/sql-reference/functions/split_part
    "split_part": {"varchar, varchar, whole": lambda call: plain.split_part(call, backwards=True)},
    "reverse": {"varchar": "REVERSE({0})"},
    "overlay": {"varchar, varchar, whole, whole?": plain.overlay},
    # https://docs.snowflake.com/en/sql-reference/functions/editdistance
    "levenshtein": {"varchar, varchar": "::EDITDISTANCE({0}, {1})"},
    "nfc_normalize": {"varchar": _NO_NFC},
    # Letters that full mapping makes two of, or looks at what is around: Snowflake does not say.
    "lower": {"varchar": "LOWER(TRANSLATE({0}, 'İΣ', 'iσ'))"},  # noqa: RUF001
    "upper": {"varchar": "UPPER(TRANSLATE({0}, 'ß', 'ẞ'))"},
    # The second argument says what ends a word: https://docs.snowflake.com/en/sql-reference/functions/initcap
    "initcap": {"varchar": "INITCAP(TRANSLATE({0}, 'İΣ', 'iσ'), ' ')"},  # noqa: RUF001
    # UNICODE gives 0 of the empty text: https://docs.snowflake.com/en/sql-reference/functions/unicode
    "ascii": {"varchar": "::UNICODE({0})"},
    "unicode": {"varchar": "::CASE WHEN LENGTH({0}) = 0 THEN -1 ELSE UNICODE({0}) END"},
    "chr": {"whole": plain.chr_},
    "encode": {"varchar": "TO_BINARY({0}, 'UTF-8')"},
    "decode": {"blob": "TO_VARCHAR({0}, 'UTF-8')"},
    "hex": {"varchar | blob": "HEX_ENCODE({0})", "whole": _HEX},
    # https://docs.snowflake.com/en/sql-reference/functions/hex_decode_binary
    "unhex": {"varchar": "HEX_DECODE_BINARY({0})"},
    "to_base64": {
        "varchar": "BASE64_ENCODE(TO_BINARY({0}, 'UTF-8'))",
        "blob": "BASE64_ENCODE({0})",
    },
    "from_base64": {"varchar": _from_base64},
    "url_encode": {"varchar": _NO_URL},
    # https://docs.snowflake.com/en/sql-reference/functions/md5
    # https://docs.snowflake.com/en/sql-reference/functions/sha1
    # https://docs.snowflake.com/en/sql-reference/functions/sha2
    "md5": {"varchar": "MD5({0})", "blob": _NO_BYTES},
    "sha1": {"varchar": "SHA1({0})", "blob": _NO_BYTES},
    "sha256": {"varchar": "SHA2({0}, 256)", "blob": _NO_BYTES},
}
"""Function → what it takes → its rendering."""
