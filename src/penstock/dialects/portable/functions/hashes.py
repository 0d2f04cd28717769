"""Hashes of the bytes of a text in UTF-8: the same everywhere, and everywhere in small letters."""

from __future__ import annotations

from penstock.dialects.base import Gap
from penstock.dialects.portable.entry import function, on

_OWN = Gap("never", "PSK-PORT-020", "each engine has its own; use md5 or sha256")

FUNCTIONS = (
    function(
        "md5",
        "hashes",
        "MD5 in 32 hexadecimal digits. A row's hash is md5(concat_ws('|', …)) of its columns as"
        " text, with coalesce where NULL is to count.",
        on("varchar", every="md5({0})", gives="varchar"),
        on("blob", every="md5({0})", gives="varchar"),
        cases=[
            "md5(s)",
            "SELECT 1 AS k, md5('') AS v",
            "md5(encode(s))",
            "md5(concat_ws('|', id::varchar, s))",
        ],
    ),
    function(
        "sha256",
        "hashes",
        "SHA-256 in 64 hexadecimal digits.",
        on(
            "varchar",
            duckdb="sha256({0})",
            spark="sha2({0}, 256)",
            postgres="encode(sha256(convert_to({0}, 'UTF8')), 'hex')",
            gives="varchar",
        ),
        on(
            "blob",
            duckdb="sha256({0})",
            spark="sha2({0}, 256)",
            postgres="encode(sha256({0}), 'hex')",
            gives="varchar",
        ),
        cases=["sha256(s)", "sha256(encode(s))", "left(sha256(concat('salt', s)), 16)"],
    ),
    function(
        "sha1",
        "hashes",
        "SHA-1 in 40 hexadecimal digits. On PostgreSQL, which has it only in an extension, it is"
        " slow: prefer sha256.",
        on(
            "varchar",
            duckdb="sha1({0})",
            spark="sha1({0})",
            postgres="penstock.sha1(convert_to({0}, 'UTF8'))",
            gives="varchar",
        ),
        on(
            "blob",
            duckdb="sha1({0})",
            spark="sha1({0})",
            postgres="penstock.sha1({0})",
            gives="varchar",
        ),
        cases=["sha1(s)", "sha1(repeat('x', id + 50))", "sha1(encode(repeat('é', id * 5)))"],
    ),
    *(
        function(
            name,
            "hashes",
            meaning,
            on("any…", every=_OWN, gives="bigint"),
            cases=[f"{name}(s)"],
        )
        for name, meaning in (
            ("hash", "A number for a value, as the engine's joins use it."),
            ("md5_number", "MD5 as a number of 128 bits."),
            ("crc32", "A check sum of 32 bits: DuckDB and PostgreSQL have none."),
        )
    ),
)
