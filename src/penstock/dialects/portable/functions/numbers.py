"""Numbers: whole numbers and decimals are exact, doubles are as IEEE 754 has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.base import Gap
from penstock.dialects.portable.entry import function, on
from penstock.dialects.portable.families import name_of, numbers_of
from penstock.dialects.portable.refusal import Refusal
from penstock.dialects.portable.spelling import said

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.dialects.portable.call import Call
    from penstock.dialects.portable.engine import Engine
    from penstock.dialects.portable.entry import Overload

# The most digits that a double can be rounded to; a power of ten beyond is not exact.
_DIGITS = 15
# Beyond this every double is whole.
WHOLE_FROM = "4503599627370496"


def real(template: str) -> Callable[[Call], str]:
    """A template whose arguments are brought to doubles first; `{nan}`, `{inf}` are those."""

    def render(call: Call) -> str:
        args = [as_double(call, i) for i in range(len(call.args))]
        double = call.engine.type_name("double")
        return template.format(
            *args,
            double=double,
            nan=f"CAST('NaN' AS {double})",
            inf=f"CAST('Infinity' AS {double})",
        )

    return render


def as_double(call: Call, number: int) -> str:
    """An argument as a double."""
    if call.types[number] == "double":
        return call.args[number]
    return call.cast(call.args[number], "double")


def widened(template: str) -> Callable[[Call], str]:
    """A template whose arguments are brought to the type of the result first."""

    def render(call: Call) -> str:
        args = [
            a if t == call.type else call.cast(a)
            for a, t in zip(call.args, call.types, strict=True)
        ]
        return template.format(*args)

    return render


def _towards(name: str) -> tuple[Overload, ...]:
    """`ceil` or `floor`: whole numbers stay, decimals lose their places, doubles stay doubles."""
    return (
        on("whole", every="{0}", gives="{0}"),
        on("decimal", every=f"::{name}({{0}})"),
        on(
            "double",
            duckdb=f"{name}({{0}})",
            # Spark gives a bigint, which 1e20 is beyond.
            spark=f"CASE WHEN abs({{0}}) < {WHOLE_FROM}"
            f" THEN CAST({name}({{0}}) AS DOUBLE) ELSE {{0}} END",
            postgres=f"{name}({{0}})",
        ),
    )


def digits_of(call: Call) -> int:
    """The number of digits that a rounding says; 0 without one."""
    text = call.text(1, "the number of digits") if len(call.args) > 1 else "0"
    try:
        return int(text)
    except ValueError:
        raise Refusal("PSK-PORT-024", f"`{call.name}` takes a whole number of digits") from None


def _exactly(native: str) -> Callable[[Call], str]:
    """Rounding of a decimal; the result fails where it has a digit too many."""

    def render(call: Call) -> str:
        digits = digits_of(call)
        value = call.args[0]
        if call.engine.name == "duckdb":
            scale = numbers_of(call.types[0])[1]
            if digits < 0:
                value = call.cast(value, f"decimal(38,{scale})")
            elif digits >= scale:
                return value
        return call.cast(f"{native}({value}, {digits})")

    return render


def _even_decimal(call: Call) -> str:
    if call.engine.name == "postgres":
        return call.cast(f"penstock.round_even({call.args[0]}, {digits_of(call)})")
    return _exactly("bround" if call.engine.name == "spark" else "round_even")(call)


def _round_whole(call: Call) -> str:
    digits = digits_of(call)
    if digits >= 0:
        return call.args[0]
    if call.engine.name == "duckdb":
        return f"round({call.args[0]}, {digits})"
    wide = call.cast(call.args[0], "decimal(38,0)")
    return call.cast(f"round({wide}, {digits})")


def _round_double(half: dict[str, str]) -> Callable[[Call], str]:
    """Scaled by a power of ten, brought to a whole double, scaled back: DuckDB's way."""

    def render(call: Call) -> str:
        digits = digits_of(call)
        value = call.args[0]
        double = call.engine.type_name("double")
        rounded = half[call.engine.name]
        if not digits:
            return rounded.format(value)
        if abs(digits) > _DIGITS:
            raise Refusal(
                "PSK-PORT-024",
                f"`{call.name}` of a double takes up to {_DIGITS} digits",
                "cast it to a decimal first",
            )
        scale = f"CAST({10 ** abs(digits)} AS {double})"
        there, back = ("*", "/") if digits > 0 else ("/", "*")
        made = f"{rounded.format(f'({value} {there} {scale})')} {back} {scale}"
        # Without a range every engine would have its own idea of overflow.
        return (
            f"CASE WHEN abs({value}) < 1e-290 THEN CAST(0 AS {double})"
            f" WHEN abs({value}) < 1e290 THEN {made} ELSE {value} END"
        )

    return render


_HALF_AWAY = {
    "duckdb": "round({0})",
    "spark": "round({0}, 0)",
    "postgres": "penstock.round_half_away({0})",
}
_HALF_EVEN = {"duckdb": "round_even({0}, 0)", "spark": "rint({0})", "postgres": "round({0})"}


def _trunc_decimal(call: Call) -> str:
    digits = digits_of(call)
    if call.engine.name != "spark":
        return call.cast(f"trunc({call.args[0]}, {digits})")
    # Towards zero: away from it by half a unit less.
    value = call.args[0]
    scale = numbers_of(call.types[0])[1]
    if digits >= scale:
        return call.cast(value)
    return call.cast(
        f"CASE WHEN {value} < 0 THEN ceil({value}, {digits}) ELSE floor({value}, {digits}) END"
    )


def _extreme(name: str) -> Callable[[Call], str]:
    def render(call: Call) -> str:
        args = [
            a if t == call.type else call.cast(a)
            for a, t in zip(call.args, call.types, strict=True)
        ]
        if call.type == "varchar" and call.engine.collate:
            args = [f"{a}{call.engine.collate}" for a in args]
        if len(args) == 1:
            return args[0]
        return f"{name}({', '.join(args)})"

    return render


def _bits(call: Call) -> str:
    value = call.args[0]
    kind = name_of(call.types[0])
    if call.engine.name == "duckdb":
        return call.cast(f"bit_count({value})")
    if call.engine.name == "spark":
        mask = {"smallint": " & 65535", "integer": " & 4294967295", "bigint": ""}[kind]
        return call.cast(f"bit_count(CAST({value} AS BIGINT){mask})")
    if kind == "bigint":
        return call.cast(f"bit_count(CAST({value} AS BIT(64)))")
    mask = " & 65535" if kind == "smallint" else ""
    return call.cast(f"bit_count(CAST(CAST({value} AS INTEGER){mask} AS BIT(32)))")


def _factorial() -> str:
    items = []
    product = 1
    for n in range(34):
        product *= max(n, 1)
        items.append(f"CAST('{product}' AS DECIMAL(38,0))")
    # A place that is not there fails, as a number too large does elsewhere; one below 0 would be
    # counted from the end.
    place = "CASE WHEN {0} < 0 THEN 0 ELSE CAST({0} + 1 AS INT) END"
    return f"CASE WHEN {{0}} IS NOT NULL THEN element_at(array({', '.join(items)}), {place}) END"


_NO_GCD = Gap("notyet", "PSK-PORT-020", "Spark 3.5 has no greatest common divisor")
_NO_FMOD = Gap("never", "PSK-PORT-020", "PostgreSQL has no exact remainder of doubles")

FUNCTIONS = (
    function(
        "abs",
        "numbers",
        "The size of a number. Fails for the least value of a whole type, which has no positive.",
        on("number", every="abs({0})", gives="{0}"),
        cases=["abs(j)", "abs(i)", "abs(CAST(i AS BIGINT))", "abs(d)", "abs(hd)", "abs(f)"],
        over="t_num",
    ),
    function(
        "sign",
        "numbers",
        "-1, 0 or 1 as a smallint; 0 of NaN.",
        on(
            "double",
            every="::CASE WHEN {0} = CAST('NaN' AS {double}) THEN 0 WHEN {0} > 0 THEN 1"
            " WHEN {0} < 0 THEN -1 WHEN {0} = 0 THEN 0 END",
            gives="smallint",
        ),
        on(
            "number",
            every="::CASE WHEN {0} > 0 THEN 1 WHEN {0} < 0 THEN -1 WHEN {0} = 0 THEN 0 END",
            gives="smallint",
        ),
        cases=["sign(i)", "sign(d)", "sign(f)"],
        over="t_num",
    ),
    function(
        "ceil",
        "numbers",
        "The least whole value that is not below. A decimal loses its places, a double stays one.",
        *_towards("ceil"),
        aliases=["ceiling"],
        cases=["ceil(i)", "ceil(d)", "ceiling(f)", "ceil(hd)", "ceil(-0.5)"],
        over="t_num",
    ),
    function(
        "floor",
        "numbers",
        "The greatest whole value that is not above. A decimal loses its places, a double stays"
        " one.",
        *_towards("floor"),
        cases=["floor(i)", "floor(d)", "floor(f)", "floor(hd)", "floor(-0.5)"],
        over="t_num",
    ),
    function(
        "round",
        "numbers",
        "Rounds half away from zero. The digits are written in the SQL; fewer than none round to"
        " tens. A decimal is rounded exactly; a double is scaled by a power of ten, rounded and"
        " scaled back, so that `round(1.005, 2)` of a double is 1.0: money belongs in a decimal.",
        on("whole, whole?", every=_round_whole, gives="{0}"),
        on("decimal, whole?", every=_exactly("round")),
        on("double, whole?", every=_round_double(_HALF_AWAY), gives="double"),
        cases=[
            "round(i)",
            "round(j, 1)",
            "round(j, -1)",
            "round(i, -1)",
            "round(CAST(i AS BIGINT), -9)",
            "round(d)",
            "round(d, 2)",
            "round(d, 7)",
            "round(d, -2)",
            "round(CAST(d AS DECIMAL(38, 4)), -20)",
            "round(hd, 3)",
            "round(f)",
            "round(f, 2)",
            "round(f, -1)",
            "round(f / 3, 9)",
            "round(CAST(55 AS DECIMAL(2, 0)), -2)",
        ],
        over="t_num",
    ),
    function(
        "round_even",
        "numbers",
        "Rounds half to the even neighbour; otherwise as `round`.",
        on("decimal, whole?", every=_even_decimal),
        on("double, whole?", every=_round_double(_HALF_EVEN), gives="double"),
        aliases=["roundbankers"],
        cases=[
            "round_even(d, 2)",
            "round_even(d, 0)",
            "round_even(d, 3)",
            "round_even(hd, 0)",
            "round_even(f, 0)",
            "round_even(f, 1)",
            "round_even(d, -1)",
        ],
        over="t_num",
    ),
    function(
        "trunc",
        "numbers",
        "Cuts towards zero; a decimal at the digits that are written in the SQL.",
        on("whole", every="{0}", gives="{0}"),
        on("decimal, whole?", every=_trunc_decimal),
        on(
            "double",
            duckdb="trunc({0})",
            spark=f"CASE WHEN abs({{0}}) < {WHOLE_FROM}"
            " THEN CAST(CAST({0} AS BIGINT) AS DOUBLE) ELSE {0} END",
            postgres="trunc({0})",
            gives="double",
        ),
        cases=[
            "trunc(i)",
            "trunc(d)",
            "trunc(d, 2)",
            "trunc(d, 6)",
            "trunc(d, -1)",
            "trunc(f)",
            "trunc(hd)",
        ],
        over="t_num",
    ),
    function(
        "mod",
        "numbers",
        "The remainder with the sign of the first, as `%`; NULL where the second is 0.",
        on("whole, whole", every=lambda call: remainder(call.engine, *both(call))),
        cases=["mod(i, j)", "mod(b, j)", "mod(i, 0)", "mod(i, -1)", "mod(-7, 2)"],
        over="t_num",
    ),
    function(
        "fmod",
        "numbers",
        "The remainder of doubles with the sign of the first; NULL where the second is 0.",
        on(
            "number, number",
            # DuckDB's own fmod has the sign of the second.
            duckdb=real("({0} % NULLIF({1}, 0))"),
            spark=real("({0} % NULLIF({1}, 0))"),
            postgres=_NO_FMOD,
            gives="double",
        ),
        cases=["fmod(f, 2)", "fmod(f, j)", "fmod(-5.5, 2)", "fmod(d, 0.3)"],
        over="t_num",
    ),
    function(
        "gcd",
        "numbers",
        "The greatest common divisor, not below 0; `gcd(0, 0)` is 0.",
        on(
            "whole, whole",
            every=lambda c: f"gcd({c.cast(c.args[0], 'bigint')}, {c.cast(c.args[1], 'bigint')})",
            spark=_NO_GCD,
            gives="bigint",
        ),
        aliases=["greatest_common_divisor"],
        cases=["gcd(i, j)", "gcd(0, 0)", "gcd(-4, 6)"],
        over="t_num",
    ),
    function(
        "lcm",
        "numbers",
        "The least common multiple, not below 0; 0 where one is 0.",
        on(
            "whole, whole",
            every=lambda c: f"lcm({c.cast(c.args[0], 'bigint')}, {c.cast(c.args[1], 'bigint')})",
            spark=_NO_GCD,
            gives="bigint",
        ),
        aliases=["least_common_multiple"],
        cases=["lcm(i, j)", "lcm(0, 5)", "lcm(-4, 6)"],
        over="t_num",
    ),
    function(
        "factorial",
        "numbers",
        "n! as decimal(38,0), for n from 0 to 33; fails for another.",
        on(
            "whole",
            duckdb="::factorial(CAST({0} AS INTEGER))",
            spark=_factorial(),
            postgres="::factorial(CAST({0} AS BIGINT))",
            gives="decimal(38,0)",
        ),
        cases=[
            "factorial(abs(j))",
            "factorial(33)",
            "factorial(34)",
            "factorial(-1)",
            "factorial(-2)",
        ],
        over="t_num",
    ),
    function(
        "even",
        "numbers",
        "The next even whole number away from zero, as a double.",
        on(
            "number",
            duckdb=real("even({0})"),
            spark=real(
                "CASE WHEN NOT (abs({0}) < 9007199254740992) THEN {0}"
                " WHEN {0} >= 0 THEN 2 * CAST(ceil({0} / 2) AS DOUBLE)"
                " ELSE 2 * CAST(floor({0} / 2) AS DOUBLE) END"
            ),
            postgres=real(
                "CASE WHEN NOT (abs({0}) < 9007199254740992) THEN {0}"
                " WHEN {0} >= 0 THEN 2 * ceil({0} / 2) ELSE 2 * floor({0} / 2) END"
            ),
            gives="double",
        ),
        cases=["even(f)", "even(d)", "even(j)"],
        over="t_num",
    ),
    function(
        "greatest",
        "numbers",
        "The greatest of the arguments; NULLs are passed over, NULL where all are; NaN is above"
        " every number, text is compared by code point.",
        on("simple, simple…", every=_extreme("greatest"), gives="common"),
        on("double…", every=_extreme("greatest"), gives="common"),
        on("number…", every=_extreme("greatest"), gives="common"),
        cases=[
            "greatest(i, j)",
            "greatest(i, d)",
            "greatest(f, 1)",
            "greatest(f, NULL, i)",
            "greatest(NULL, NULL)",
            "greatest(i)",
            "greatest('a', 'B', 'é', NULL)",
        ],
        over="t_num",
    ),
    function(
        "least",
        "numbers",
        "The least of the arguments; NULLs are passed over, NULL where all are; NaN is above"
        " every number, text is compared by code point.",
        on("simple, simple…", every=_extreme("least"), gives="common"),
        on("double…", every=_extreme("least"), gives="common"),
        on("number…", every=_extreme("least"), gives="common"),
        cases=[
            "least(i, j)",
            "least(i, d)",
            "least(f, 1)",
            "least(f, NULL, i)",
            "least(NULL, NULL)",
            "least('a', 'B', 'é', NULL)",
        ],
        over="t_num",
    ),
    function(
        "isnan",
        "numbers",
        "Whether a double is NaN; NULL of NULL.",
        on("double", every=real("({0} = {nan})"), gives="boolean"),
        on("number", every="({0} <> {0})", gives="boolean"),
        cases=["isnan(f)", "isnan(i)"],
        over="t_num",
    ),
    function(
        "isinf",
        "numbers",
        "Whether a double is infinite; NULL of NULL.",
        on("double", every=real("(abs({0}) = {inf})"), gives="boolean"),
        on("number", every="({0} <> {0})", gives="boolean"),
        cases=["isinf(f)", "isinf(d)"],
        over="t_num",
    ),
    function(
        "isfinite",
        "numbers",
        "Whether a double is a number that is not infinite; NULL of NULL.",
        on("double", every=real("(abs({0}) < {inf})"), gives="boolean"),
        on("number", every="({0} = {0})", gives="boolean"),
        cases=["isfinite(f)", "isfinite(i)"],
        over="t_num",
    ),
    function(
        "xor",
        "numbers",
        "The bits that are set in one of two whole numbers.",
        on(
            "whole, whole",
            duckdb=widened("xor({0}, {1})"),
            spark=widened("({0} ^ {1})"),
            postgres=widened("({0} # {1})"),
        ),
        cases=["xor(i, j)", "xor(b, i)", "xor(i, -1)"],
        over="t_num",
    ),
    function(
        "bit_count",
        "numbers",
        "How many bits of a whole number are set, as a smallint; 32 of the integer -1.",
        on("whole", every=_bits, gives="smallint"),
        cases=["bit_count(i)", "bit_count(b)", "bit_count(CAST(j AS SMALLINT))"],
        over="t_num",
    ),
)


def both(call: Call) -> tuple[str, str, str]:
    """Two sides in the type of the result, and the second as it is written."""
    made = [
        a if t == call.type else call.cast(a) for a, t in zip(call.args, call.types, strict=True)
    ]
    return made[0], made[1], call.nodes[1].sql()


def remainder(engine: Engine, top: str, bottom: str, written: str) -> str:
    """The remainder of two values of one type."""
    made = said(engine, engine.numbers.remainder, "`%`").format(top, bottom)
    if engine.name == "duckdb" and not written.isdigit():
        # It fails for the least value and -1, where the others give 0.
        return f"(CASE WHEN {bottom} = -1 THEN {top} - {top} ELSE {made} END)"
    return made
