"""Text: characters are code points; nothing depends on a locale."""

from __future__ import annotations

from penstock.dialects.base import Gap
from penstock.dialects.portable.entry import function, on
from penstock.dialects.portable.functions.text_renderings import (
    NO_DISTANCE,
    concat,
    left,
    levenshtein_duckdb,
    overlay,
    pad,
    reverse,
    right,
    sized,
    split,
    split_part,
    substr,
    trim,
)

FUNCTIONS = (
    function(
        "length",
        "text",
        "Number of characters (code points: `é` written as two is two). Of a list: its elements,"
        " NULLs among them. NULL gives NULL.",
        on(
            "varchar",
            duckdb="length({0})",
            spark="::length({0})",
            postgres="::length({0})",
            gives="bigint",
        ),
        on(
            "list",
            duckdb="len({0})",
            spark="::size({0})",
            postgres="::cardinality({0})",
            gives="bigint",
        ),
        aliases=("len", "char_length", "character_length"),
        cases=[
            "length(s)",
            "len(s)",
            "SELECT 1 AS k, length('👩‍👩‍👧') AS v",
            "SELECT 1 AS k, char_length('') AS v",
        ],
    ),
    function(
        "strlen",
        "text",
        "Number of bytes in UTF-8.",
        on(
            "varchar",
            duckdb="strlen({0})",
            spark="::octet_length({0})",
            postgres="::octet_length({0})",
            gives="bigint",
        ),
        aliases=("octet_length",),
        cases=["strlen(s)"],
    ),
    function(
        "bit_length",
        "text",
        "Number of bits in UTF-8: eight for each byte.",
        on(
            "varchar",
            duckdb="bit_length({0})",
            spark="::bit_length({0})",
            postgres="::bit_length({0})",
            gives="bigint",
        ),
        cases=["bit_length(s)"],
    ),
    function(
        "trim",
        "text",
        "Takes spaces (only U+0020), or any of the given characters, from both ends. An empty text"
        " of characters takes nothing.",
        on("varchar, varchar?", every=trim("BOTH", "trim", "btrim"), gives="varchar"),
        aliases=("btrim",),
        cases=[
            "trim(s)",
            "trim(s, ' xA')",
            "trim(s, '')",
            "trim(s, NULL)",
            "TRIM(BOTH 'xa' FROM s)",
        ],
    ),
    function(
        "ltrim",
        "text",
        "Takes spaces, or any of the given characters, from the start.",
        on("varchar, varchar?", every=trim("LEADING", "ltrim", "ltrim"), gives="varchar"),
        cases=["ltrim(s)", "ltrim(s, 'a b+')", "TRIM(LEADING FROM s)", "TRIM(LEADING 'x' FROM s)"],
    ),
    function(
        "rtrim",
        "text",
        "Takes spaces, or any of the given characters, from the end.",
        on("varchar, varchar?", every=trim("TRAILING", "rtrim", "rtrim"), gives="varchar"),
        cases=["rtrim(s)", "rtrim(s, '👧x%')", "TRIM(TRAILING 'x' FROM s)"],
    ),
    function(
        "lpad",
        "text",
        "Puts a text (a space, if none is given) before another until it has the given number of"
        " characters; cuts what is longer. An empty text adds nothing; a negative number gives"
        " the empty text.",
        on("varchar, whole, varchar?", every=pad("lpad"), gives="varchar"),
        cases=[
            "lpad(s, 5, '*')",
            "lpad(s, 0, '*')",
            "lpad(s, -1, '*')",
            "lpad(s, 9, '')",
            "lpad(s, 9, 'é-')",
            "lpad(s, 9)",
            "lpad(s, length(s) + 2, s)",
            "lpad(s, NULL, '*')",
            "lpad(s, NULLIF(id % 4, 0) - 2, left(s, id % 2))",
        ],
    ),
    function(
        "rpad",
        "text",
        "Puts a text (a space, if none is given) behind another until it has the given number of"
        " characters; cuts what is longer. An empty text adds nothing; a negative number gives"
        " the empty text.",
        on("varchar, whole, varchar?", every=pad("rpad"), gives="varchar"),
        cases=[
            "rpad(s, 5, '*')",
            "rpad(s, 0, '*')",
            "rpad(s, -1, '*')",
            "rpad(s, 9, '')",
            "rpad(s, 9, 'é-')",
            "rpad(s, 9)",
            "rpad(s, id, s)",
        ],
    ),
    function(
        "left",
        "text",
        "The first characters; a negative number: all but so many of the last.",
        on("varchar, whole", every=left, gives="varchar"),
        cases=[
            "left(s, 2)",
            "left(s, 0)",
            "left(s, -2)",
            "left(s, id - 10)",
            "left(s, -99)",
            "left(s || 'é', -1)",
        ],
    ),
    function(
        "right",
        "text",
        "The last characters; a negative number: all but so many of the first.",
        on("varchar, whole", every=right, gives="varchar"),
        cases=[
            "right(s, CASE WHEN id > 0 THEN -2147483648 END)",
            "right(s, 2)",
            "right(s, 0)",
            "right(s, -2)",
            "right(s, id - 10)",
            "right(s, -99)",
        ],
    ),
    function(
        "substr",
        "text",
        "Characters from a place, counted from 1, to the end or so many. A negative place counts"
        " from the end (-1 is the last). Places before the first count too and are empty: from 0,"
        " 2 characters give the first. A negative number of characters gives the empty text.",
        on("varchar, whole, whole?", every=substr, gives="varchar"),
        aliases=("substring",),
        cases=[
            "substr(s, 2)",
            "substr(s, 2, 3)",
            "substr(s, 0)",
            "substr(s, 0, 2)",
            "substr(s, -2)",
            "substr(s, -2, 1)",
            "substr(s, -4, 6)",
            "substr(s, 2, -1)",
            "substr(s, 2, 0)",
            "substr(s, id - 15, id - 14)",
            "substr(s, id - 15)",
            "substr(s, -2147483648)",
            "substr(s, id - 2147483640)",
            "substr(s, nullif(id, 5))",
            "substr(s, CAST(NULL AS INTEGER))",
            "SUBSTRING(s FROM 2 FOR 3)",
            "SUBSTRING(s FROM 3)",
        ],
    ),
    function(
        "replace",
        "text",
        "Every occurrence of a text by another, from the left; searching for the empty text"
        " changes nothing.",
        on("varchar, varchar, varchar", every="replace({0}, {1}, {2})", gives="varchar"),
        cases=[
            "replace(s, 'a', '_')",
            "replace(s, '', 'x')",
            "replace(s, '||', '')",
            "replace(s, s, 'é')",
        ],
    ),
    function(
        "translate",
        "text",
        "Each character that is in the second text by the one at the same place in the third;"
        " dropped where the third is shorter. The first counts of a character that is there twice.",
        on("varchar, varchar, varchar", every="translate({0}, {1}, {2})", gives="varchar"),
        cases=[
            "translate(s, 'abc', 'xy')",
            "translate(s, 'aaé', 'x😀e')",
            "translate(s, '', 'x')",
            "translate(s, '👧日', '')",
        ],
    ),
    function(
        "repeat",
        "text",
        "The text so many times; 0 or less gives the empty text.",
        on("varchar, whole", every=sized("repeat({0}, {n})"), gives="varchar"),
        cases=["repeat(s, 2)", "repeat(s, 0)", "repeat(s, -1)", "repeat(s, 3 - length(s))"],
    ),
    function(
        "concat",
        "text",
        "Joins texts; NULL is left out, so that it is never NULL.",
        on("varchar…", every=concat, gives="varchar"),
        cases=["concat(s, '-', NULL, 'z')", "concat(s)", "concat(NULL, s)"],
    ),
    function(
        "concat_ws",
        "text",
        "Joins texts with a separator between; NULL is left out with its separator, the empty text"
        " is not. A separator that is NULL gives NULL.",
        on("varchar, varchar…", every="concat_ws({all})", gives="varchar"),
        cases=[
            "concat_ws('|', s, NULL, 'z')",
            "concat_ws('', s, '')",
            "concat_ws(s, 'a', 'b')",
            "SELECT 1 AS k, concat_ws('|', NULL) AS v",
        ],
    ),
    function(
        "strpos",
        "text",
        "The place of the first occurrence of the second text in the first, from 1; 0: it is not"
        " there. The empty text is at 1.",
        on(
            "varchar, varchar",
            duckdb="strpos({0}, {1})",
            spark="::instr({0}, {1})",
            postgres="::strpos({0}, {1})",
            gives="bigint",
        ),
        aliases=("instr",),
        cases=[
            "strpos(s, 'a')",
            "strpos(s, '')",
            "instr(s, '||')",
            "strpos(s, '👧')",
            "POSITION('b' IN s)",
        ],
    ),
    function(
        "contains",
        "text",
        "Whether the second text is in the first; the empty text always is.",
        on(
            "varchar, varchar",
            duckdb="contains({0}, {1})",
            spark="contains({0}, {1})",
            postgres="(strpos({0}, {1}) > 0)",
            gives="boolean",
        ),
        cases=["contains(s, 'o')", "contains(s, '')", "contains(s, s)", "contains(s, NULL)"],
    ),
    function(
        "starts_with",
        "text",
        "Whether the first text begins with the second.",
        on(
            "varchar, varchar",
            duckdb="starts_with({0}, {1})",
            spark="startswith({0}, {1})",
            postgres="starts_with({0}, {1})",
            gives="boolean",
        ),
        aliases=("prefix",),
        cases=["starts_with(s, 'a')", "starts_with(s, '')", "prefix(s, 'e')"],
    ),
    function(
        "ends_with",
        "text",
        "Whether the first text ends with the second.",
        on(
            "varchar, varchar",
            duckdb="ends_with({0}, {1})",
            spark="endswith({0}, {1})",
            postgres="(right({0}, length({1})) = {1})",
            gives="boolean",
        ),
        aliases=("suffix",),
        cases=["ends_with(s, 'e')", "ends_with(s, '')", "suffix(s, 'x')", "ends_with(s, NULL)"],
    ),
    function(
        "split_part",
        "text",
        "The n-th of the parts between separators, from 1; a negative number counts from the end;"
        " the empty text where there is none. 0 fails. An empty separator leaves one part.",
        on("varchar, varchar, whole", every=split_part, gives="varchar"),
        cases=[
            "split_part(s, '|', 2)",
            "split_part(s, '||', -1)",
            "split_part(s, '|', 9)",
            "split_part(NULL, '|', 0)",
            "split_part(s, '', 1)",
            "split_part(s, '', 2)",
            "split_part(s, s, 2)",
            "split_part(s, '|', length(s) + 1)",
            "split_part(s, '|', 0)",
        ],
    ),
    function(
        "string_split",
        "text",
        "The parts between separators, as a list; the empty text gives one empty part; an empty"
        " separator gives the characters.",
        on("varchar, varchar", every=split, gives="varchar[]"),
        aliases=("str_split", "string_to_array", "split"),
        cases=[
            "string_split(s, '|')",
            "string_split(s, '||')",
            "string_split(s, '')",
            "str_split(s, '.')",
            "split(s, NULL)",
            "string_split(s, left(s, 1))",
            "string_split(s, 'a\\b')",
        ],
    ),
    function(
        "reverse",
        "text",
        "The characters (code points) from the last to the first: marks that follow a letter then"
        " stand before it.",
        on("varchar", every=reverse, gives="varchar"),
        cases=["reverse(s)"],
    ),
    function(
        "overlay",
        "text",
        "Puts a text at a place (from 1) of another, over so many characters of it, or over as many"
        " as it has itself. Place and number are written in the SQL.",
        on("varchar, varchar, whole, whole?", every=overlay, gives="varchar"),
        cases=[
            "overlay(s, 'XY', 2)",
            "overlay(s, 'XY', 2, 0)",
            "OVERLAY(s PLACING 'é' FROM 3 FOR 2)",
            "overlay(s, '', 1, 1)",
            "overlay(s, 'x', 99)",
        ],
    ),
    function(
        "levenshtein",
        "text",
        "The least number of characters to insert, drop or change to make one text the other.",
        on(
            "varchar, varchar",
            duckdb=levenshtein_duckdb,
            spark="::levenshtein({0}, {1})",
            postgres="penstock.levenshtein({0}, {1})",
            gives="bigint",
        ),
        aliases=("editdist3",),
        cases=[
            "levenshtein(s, 'éclair')",
            "levenshtein('', s)",
            "levenshtein(s, s)",
            "levenshtein(s, 'Straße é')",
        ],
    ),
    *(
        function(
            name,
            "text",
            meaning,
            on(takes, every=NO_DISTANCE, gives=gives),
            aliases=aliases,
            cases=[f"{name}(s, s)"],
        )
        for name, aliases, takes, gives, meaning in (
            (
                "hamming",
                ("mismatches",),
                "varchar, varchar",
                "bigint",
                "Places at which two texts differ.",
            ),
            (
                "damerau_levenshtein",
                (),
                "varchar, varchar",
                "bigint",
                "Edits, a swap counting as one.",
            ),
            (
                "jaccard",
                (),
                "varchar, varchar",
                "double",
                "Share of characters that two texts have in common.",
            ),
            (
                "jaro_similarity",
                (),
                "varchar, varchar, double?",
                "double",
                "Jaro's measure of likeness.",
            ),
            (
                "jaro_winkler_similarity",
                (),
                "varchar, varchar, double?",
                "double",
                "Jaro's and Winkler's measure of likeness.",
            ),
        )
    ),
    *(
        function(
            name,
            "text",
            meaning,
            on(takes, every=Gap("notimpl", "PSK-PORT-020", why), gives="varchar"),
            cases=[f"{name}(s)"],
        )
        for name, takes, why, meaning in (
            (
                "soundex",
                "varchar",
                "DuckDB has no soundex",
                "A code for how English names sound.",
            ),
            (
                "strip_accents",
                "varchar",
                "Spark and PostgreSQL have no such table; use translate",
                "Letters without their marks.",
            ),
            (
                "printf",
                "varchar, any…",
                "engines write numbers and widths differently; use lpad, round and ||",
                "Values in a pattern.",
            ),
            (
                "format",
                "varchar, any…",
                "engines write numbers and widths differently; use lpad, round and ||",
                "Values in a pattern.",
            ),
        )
    ),
    function(
        "nfc_normalize",
        "text",
        "Unicode normal form C: a letter and the marks behind it as one code point where there is"
        " one.",
        on(
            "varchar",
            duckdb="nfc_normalize({0})",
            spark=Gap("never", "PSK-PORT-020", "Spark has no Unicode normalisation"),
            postgres="normalize({0}, NFC)",
            gives="varchar",
        ),
        cases=["nfc_normalize(s)", "nfc_normalize(substr(s, 1, 1) || chr(769))"],
    ),
)
