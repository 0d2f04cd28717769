"""Text: code points, bytes and encodings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.base import Gap
from penstock.dialects.portable.entry import function, on
from penstock.dialects.portable.functions.binding import literal_number, once, repeated, whole

if TYPE_CHECKING:
    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.entry import Rendering

# What has this form, in pairs or fours, is right.
_HEX, _BASE64 = r"^[0-9A-Fa-f]*\z", r"^[A-Za-z0-9+/]*={0,2}\z"


def _failing(call: Call, what: str) -> str:
    return f"CAST(raise_error({call.string(what)}) AS {call.engine.type_name(call.type)})"


def _chr(call: Call) -> str:
    code = whole(call, 0)
    known = literal_number(call, 0)
    good = known is not None and (0 < known < 0xD800 or 0xDFFF < known < 0x110000)
    if call.engine.name == "duckdb":
        if good:
            return f"chr({code})"
        return f"CASE WHEN {code} = 0 THEN error('SELECT 1 AS k, chr(0) AS v') ELSE chr({code}) END"
    made = f"decode(unhex(concat('0000FEFF', lpad(hex({code}), 8, '0'))), 'UTF-32')"
    if good:
        return made
    return (
        f"CASE WHEN {code} BETWEEN 1 AND 55295 OR {code} BETWEEN 57344 AND 1114111 THEN {made}"
        f" WHEN {code} IS NOT NULL THEN {_failing(call, 'chr of no code point')} END"
    )


def _checked(pattern: str, many: int, made: str, what: str) -> Rendering:
    """Spark: what is not of the form fails, as it does elsewhere."""

    def render(call: Call) -> str:
        guard = call.string(pattern)
        return once(
            call,
            f"CASE WHEN {{x}} RLIKE {guard} AND length({{x}}) % {many} = 0 THEN {made}"
            f" WHEN {{x}} IS NOT NULL THEN {_failing(call, what)} END",
        )

    return render


def _decode_spark(call: Call) -> str:
    return once(
        call,
        "CASE WHEN encode(decode({x}, 'UTF-8'), 'UTF-8') = {x} THEN decode({x}, 'UTF-8')"
        f" WHEN {{x}} IS NOT NULL THEN {_failing(call, 'not UTF-8')} END",
    )


def _url_spark(call: Call) -> str:
    return (
        f"replace(replace(replace(url_encode({call.args[0]}), '+', '%20'), '*', '%2A'), '%7E', '~')"
    )


FUNCTIONS = (
    function(
        "ascii",
        "text",
        "The code point of the first character; 0 for the empty text.",
        on(
            "varchar",
            duckdb="ascii({0})",
            spark="ascii({0})",
            postgres="ascii({0})",
            gives="integer",
        ),
        cases=["ascii(s)", "SELECT 1 AS k, ascii('👧') AS v"],
    ),
    function(
        "unicode",
        "text",
        "The code point of the first character; -1 for the empty text.",
        on(
            "varchar",
            duckdb="unicode({0})",
            spark=repeated("CASE WHEN {x} = '' THEN -1 ELSE ascii({x}) END"),
            postgres="coalesce(nullif(ascii({0}), 0), ({0} || '-1')::integer)",
            gives="integer",
        ),
        aliases=("ord",),
        cases=["unicode(s)", "SELECT 1 AS k, ord('') AS v"],
    ),
    function(
        "chr",
        "text",
        "The character of a code point. 0, surrogates and what is beyond 1114111 fail.",
        on(
            "whole",
            duckdb=_chr,
            spark=_chr,
            postgres=lambda c: f"chr({whole(c, 0)})",
            gives="varchar",
        ),
        cases=[
            "chr(id + 60)",
            "SELECT 1 AS k, chr(128512) AS v",
            "SELECT 1 AS k, chr(65279) AS v",
            "SELECT 1 AS k, chr(NULL) AS v",
            "SELECT 1 AS k, chr(0) AS v",
            "chr(id - 31)",
            "SELECT 1 AS k, chr(55296) AS v",
            "SELECT 1 AS k, chr(1114112) AS v",
        ],
    ),
    function(
        "encode",
        "text",
        "The bytes of a text in UTF-8.",
        on(
            "varchar",
            duckdb="encode({0})",
            spark="encode({0}, 'UTF-8')",
            postgres="convert_to({0}, 'UTF8')",
            gives="blob",
        ),
        cases=["encode(s)"],
    ),
    function(
        "decode",
        "text",
        "The text of bytes in UTF-8; other bytes fail.",
        on(
            "blob",
            duckdb="decode({0})",
            spark=_decode_spark,
            postgres="convert_from({0}, 'UTF8')",
            gives="varchar",
        ),
        cases=["decode(encode(s))", "SELECT 1 AS k, decode(unhex('FF')) AS v"],
    ),
    function(
        "hex",
        "text",
        "The bytes of a text in UTF-8, or of a blob, or a whole number (a negative one: of 64 bits)"
        " in hexadecimal, in capitals.",
        on(
            "varchar",
            duckdb="hex({0})",
            spark="hex({0})",
            postgres="upper(encode(convert_to({0}, 'UTF8'), 'hex') COLLATE \"C\")",
            gives="varchar",
        ),
        on(
            "blob",
            duckdb="hex({0})",
            spark="hex({0})",
            postgres="upper(encode({0}, 'hex') COLLATE \"C\")",
            gives="varchar",
        ),
        on(
            "whole",
            duckdb="hex(CAST({0} AS BIGINT))",
            spark="hex(CAST({0} AS BIGINT))",
            postgres='upper(to_hex(CAST({0} AS BIGINT)) COLLATE "C")',
            gives="varchar",
        ),
        aliases=("to_hex",),
        cases=[
            "hex(s)",
            "hex(encode(s))",
            "hex(id)",
            "hex(-id)",
            "SELECT 1 AS k, to_hex(255) AS v",
            "SELECT 1 AS k, hex(9223372036854775807) AS v",
        ],
    ),
    function(
        "unhex",
        "text",
        "The bytes that pairs of hexadecimal digits mean, as a blob; anything else fails.",
        on(
            "varchar",
            duckdb=repeated(
                "CASE WHEN strlen({x}) % 2 = 1 THEN error('odd digits') ELSE unhex({x}) END"
            ),
            spark=_checked(_HEX, 2, "unhex({x})", "not hexadecimal"),
            postgres="decode(regexp_replace({0}, '\\s', '-'), 'hex')",
            gives="blob",
        ),
        aliases=("from_hex",),
        cases=[
            "unhex(hex(s))",
            "SELECT 1 AS k, unhex('c3A9') AS v",
            "SELECT 1 AS k, unhex('') AS v",
            "SELECT 1 AS k, unhex('F') AS v",
            "SELECT 1 AS k, unhex('zz') AS v",
            "SELECT 1 AS k, unhex('0f' || chr(10)) AS v",
            "SELECT 1 AS k, unhex('0 0f') AS v",
        ],
    ),
    function(
        "to_base64",
        "text",
        "Base64 of the bytes of a text in UTF-8, or of a blob: with padding, on one line.",
        on(
            "varchar",
            duckdb="to_base64(encode({0}))",
            spark="replace(base64({0}), '\\r\\n', '')",
            postgres="replace(encode(convert_to({0}, 'UTF8'), 'base64'), chr(10), '')",
            gives="varchar",
        ),
        on(
            "blob",
            duckdb="to_base64({0})",
            spark="replace(base64({0}), '\\r\\n', '')",
            postgres="replace(encode({0}, 'base64'), chr(10), '')",
            gives="varchar",
        ),
        aliases=("base64",),
        cases=[
            "to_base64(s)",
            "base64(encode(s))",
            "SELECT 1 AS k, to_base64(repeat('é', 60)) AS v",
        ],
    ),
    function(
        "from_base64",
        "text",
        "The bytes that Base64 with its padding means, as a blob; anything else fails.",
        on(
            "varchar",
            duckdb="from_base64({0})",
            spark=_checked(_BASE64, 4, "unbase64({x})", "not Base64"),
            postgres="penstock.from_base64({0})",
            gives="blob",
        ),
        cases=[
            "from_base64(to_base64(s))",
            "SELECT 1 AS k, from_base64('w6k=') AS v",
            "SELECT 1 AS k, from_base64('w6k') AS v",
            "SELECT 1 AS k, from_base64('w6 k=') AS v",
            "SELECT 1 AS k, from_base64('!!!!') AS v",
            "SELECT 1 AS k, from_base64('QQ==QQ==') AS v",
            "SELECT 1 AS k, from_base64('====') AS v",
            "SELECT 1 AS k, from_base64('QR==') AS v",
        ],
    ),
    function(
        "url_encode",
        "text",
        "Percent-encodes the bytes (UTF-8) of everything but ASCII letters, digits and `-_.~`.",
        on(
            "varchar",
            duckdb="url_encode({0})",
            spark=_url_spark,
            postgres="penstock.url_encode({0})",
            gives="varchar",
        ),
        cases=["url_encode(s)", "SELECT 1 AS k, url_encode('a b+c*~é/-_.!()') AS v"],
    ),
    function(
        "url_decode",
        "text",
        "Undoes `url_encode`.",
        on(
            "varchar",
            every=Gap(
                "notimpl", "PSK-PORT-020", "engines disagree on `+` and on what is no encoding"
            ),
            gives="varchar",
        ),
        cases=["url_decode(s)"],
    ),
)
