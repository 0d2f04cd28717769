"""Athena's spelling: types, operators, casts, texts and times.

What is odd of Trino: NaN is unlike itself and sorts below all, an interval holds milliseconds only,
casts of doubles round half away from zero and go by their shortest text, casts of texts take no
spaces around them and no `T` between date and time.
"""

from __future__ import annotations

from penstock.dialects.portable.engine import Engine
from penstock.dialects.portable.spelling import READS, WRITES, Numbers, Texts, Times
from penstock.dialects.portable.warehouses.athena import json_text, moments
from penstock.dialects.portable.warehouses.athena.forms import FORMS, GAPS
from penstock.letters import tables

# https://trino.io/docs/406/functions/math.html#is_nan
_DOUBLES = {
    "=": "({0} = {1} OR (is_nan({0}) AND is_nan({1})))",
    "<>": "({0} <> {1} AND NOT (is_nan({0}) AND is_nan({1})))",
    ">": "({0} > {1} OR (is_nan({0}) AND NOT is_nan({1})))",
    ">=": "({0} >= {1} OR (is_nan({0}) AND {1} IS NOT NULL))",
    "<": "({0} < {1} OR (is_nan({1}) AND NOT is_nan({0})))",
    "<=": "({0} <= {1} OR (is_nan({1}) AND {0} IS NOT NULL))",
}
# An `=` of lists with NULL in them is NULL: https://trino.io/docs/406/functions/comparison.html
_BOTH = "{0} IS NOT NULL AND {1} IS NOT NULL"
_LISTS = {
    "=": f"(CASE WHEN {_BOTH} THEN {{0}} IS NOT DISTINCT FROM {{1}} END)",
    "<>": f"(CASE WHEN {_BOTH} THEN {{0}} IS DISTINCT FROM {{1}} END)",
}
# A double as a whole one. Its own `round` is half away from zero.
HALF_EVEN = "(CASE WHEN abs({0} - truncate({0})) = 0.5 THEN 2 * round({0} / 2) ELSE round({0}) END)"
_SPACELESS = "trim(BOTH ' ' FROM {0})"
_INFINITY = "'^([+-]?)[iI][nN][fF]([iI][nN][iI][tT][yY])?$', '$1Infinity'"
_TO_DOUBLE = f"regexp_replace(regexp_replace({_SPACELESS}, {_INFINITY}), '^[nN][aA][nN]$', 'NaN')"
_WRITES = dict.fromkeys(WRITES, "CAST({0} AS {1})")
# Always with six digits there: https://trino.io/docs/406/functions/conversion.html
_WRITES["timestamp"] = "regexp_replace(CAST({0} AS {1}), '[.]?0+$', '')"


def exact(whole: str, precision: int) -> str:
    """A whole double as a decimal with all its digits; Trino's own cast has 17 of them."""
    small = f"CAST(CAST({whole} AS BIGINT) AS DECIMAL({min(precision, 19)}, 0))"
    if precision <= 18:
        return small
    wide = "DECIMAL(38, 0)"
    high, middle = (f"CAST('{2**n}' AS DOUBLE)" for n in (84, 42))

    def cut(x: str) -> str:
        return f"CAST(truncate({x}) AS BIGINT)"

    top = cut(f"{whole} / {high}")
    rest = f"({whole} - {top} * {high})"
    centre = cut(f"{rest} / {middle}")
    low = cut(f"{rest} - {centre} * {middle}")
    return (
        f"(CASE WHEN abs({whole}) < 9e18 THEN CAST({small} AS {wide}) ELSE"
        f" CAST(CAST({top} AS {wide}) * CAST('{2**84}' AS {wide})"
        f" + CAST({centre} AS {wide}) * CAST('{2**42}' AS {wide}) + {low} AS {wide}) END)"
    )


def lower() -> str:
    """`lower`, with the letters that Unicode has now and Java 17 (Unicode 13) has not."""
    new = dict(zip(*tables("lower"), strict=True))
    large = [c for c in new if ord(c) in NEW_LARGE]
    small = "".join(new[c] for c in large)
    return f"lower(translate({{0}}, '{''.join(large)}', '{small}'))"


# Of Unicode 14 and later.
NEW_LARGE = frozenset((0x2C2F, 0xA7C0, 0xA7D0, 0xA7D6, 0xA7D8, *range(0x10570, 0x10596)))

# https://docs.aws.amazon.com/athena/latest/ug/data-types.html
ATHENA = Engine(
    name="athena",
    sql="trino",
    types={
        "boolean": "BOOLEAN",
        "smallint": "SMALLINT",
        "integer": "INTEGER",
        "bigint": "BIGINT",
        "double": "DOUBLE",
        "varchar": "VARCHAR",
        "date": "DATE",
        "timestamp": "TIMESTAMP(6)",
        "timestamptz": "TIMESTAMP(6) WITH TIME ZONE",
        "blob": "VARBINARY",
        "json": "VARCHAR",
        "decimal": "DECIMAL({}, {})",
    },
    list_type="ARRAY({})",
    struct_type="ROW({})",
    struct_field="{} {}",
    map_type="MAP({}, {})",
    list_value="ARRAY[{}]",
    struct_value="ROW({})",
    struct_item="{1}",
    map_value="MAP({}, {})",
    # It has no `fail`: a cast of a text that says what is wrong. In a CASE only the branch taken
    # is computed: https://trino.io/docs/406/functions/conditional.html
    fail="CAST(CASE WHEN CAST(concat({0}, ': ', CAST({1} AS VARCHAR)) AS BOOLEAN) THEN NULL END"
    " AS {2})",
    # https://trino.io/docs/406/functions/window.html: no EXCLUDE
    frames=frozenset({"ROWS", "RANGE", "GROUPS"}),
    unnests=True,
    compares={"double": _DOUBLES, "list": _LISTS},
    nan_key="is_nan({0})",
    # https://trino.io/docs/406/functions/lambda.html
    binds="element_at(transform(ARRAY[{0}], x__ -> {1}), 1)",
    numbers=Numbers(
        doubles={
            "+": "({0} + {1})",
            "-": "({0} - {1})",
            "*": "({0} * {1})",
            "/": "({0} / NULLIF({1}, 0))",
        },
        quotient="({0} / NULLIF({1}, 0))",
        remainder="({0} % NULLIF({1}, 0))",
        double_remainder="({0} % NULLIF({1}, 0))",
        power="pow({0}, {1})",
        # https://trino.io/docs/406/functions/bitwise.html: all of them of bigints
        bits={
            "&": "CAST(bitwise_and({0}, {1}) AS {2})",
            "|": "CAST(bitwise_or({0}, {1}) AS {2})",
            "~": "CAST(bitwise_not({0}) AS {2})",
            ">>": "bitwise_right_shift_arithmetic({0}, {1})",
        },
        half_even=HALF_EVEN,
        half_away="round({0})",
        times_power="({0} * {1})",
        exact=exact,
        try_cast="TRY_CAST({0} AS {1})",
    ),
    texts=Texts(
        writes=_WRITES,
        reads=dict.fromkeys(READS, _SPACELESS)
        | {
            "double": _TO_DOUBLE,
            "timestamp": moments.READ_TIMESTAMP,
            "timestamptz": moments.READ_INSTANT,
        },
        trim=_SPACELESS,
        full_match=r"regexp_like({0}, '^(?:{1})\z')",
        lower=lower(),
        any_character="(?s:.)",
        end=r"\z",
        backtracks=True,
        json_text=json_text.text_at,
    ),
    times=Times(
        naive="CAST({0} AT TIME ZONE 'UTC' AS TIMESTAMP(6))",
        instant="with_timezone({0}, 'UTC')",
        days="date_diff('day', {1}, {0})",
        later="date_add('day', {1}, {0})",
        earlier="date_add('day', - {1}, {0})",
        adds=moments.ADDS,
    ),
    forms=FORMS,
    gaps=GAPS,
)
