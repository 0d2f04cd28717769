r"""Casts between canonical types: which there are, and how each engine writes them.

| from \\ to | whole | decimal | double | boolean | varchar | date | timestamp | timestamptz |
|---|---|---|---|---|---|---|---|---|
| whole | fails beyond | fails beyond | yes | not 0 | yes | | | |
| decimal | half away from 0 | half away from 0 | yes | not 0 | all its places | | | |
| double | half to even | half away from 0 | | not 0 | refused | | | |
| boolean | 1 or 0 | 1 or 0 | 1 or 0 | | `true` | | | |
| varchar | grammar | grammar | grammar | grammar | | grammar | grammar | grammar |
| date | | | | | ISO | | midnight | midnight UTC |
| timestamp | | | | | ISO | its day | | of UTC |
| timestamptz | | | | | refused | in UTC | in UTC | |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock import texts
from penstock.dialects.portable import written
from penstock.dialects.portable.families import WHOLE, name_of, numbers_of
from penstock.dialects.portable.reading import place
from penstock.dialects.portable.refusal import Refusal
from penstock.dialects.portable.spelling import WRITES, missing, said

if TYPE_CHECKING:
    from penstock.dialects.portable.engine import Engine
    from penstock.dialects.portable.rendering import Renderer

_NUMBERS = (*WHOLE, "decimal", "double")
_BITS = {"smallint": 15, "integer": 31, "bigint": 63}
_HINTS = {
    ("double", "varchar"): "engines write doubles differently: cast it to a decimal first",
    ("timestamptz", "varchar"): "say how: strftime(x, format)",
    ("date", "bigint"): "epoch(x), or date_diff('day', DATE '1970-01-01', x)",
    ("timestamp", "bigint"): "epoch(x), or epoch_ms(x)",
}


def cast(to: Renderer, sql: str, source: str, target: str, node: exp.Expr) -> str:
    """A value of one type as another; a value that has no such form fails the query.

    Raises:
        Refusal: engines do not agree on what it would give.
    """
    text = node.this.unnest() if isinstance(node, exp.Cast) else node
    if (
        source == "varchar"
        and name_of(target) in ("date", "timestamp", "timestamptz")
        and isinstance(text, exp.Literal)
    ):
        return written.moment(to, text, target)
    return _cast(to.engine, sql, source, target, node, tries=False)


def try_cast(to: Renderer, sql: str, source: str, target: str, node: exp.Expr) -> str:
    """The same, NULL for a value that has no such form.

    Raises:
        Refusal: engines do not agree on what it would give.
    """
    return _cast(to.engine, sql, source, target, node, tries=True)


_SHORT = 80
"""Longer expressions are not repeated."""


def _cast(
    engine: Engine, sql: str, source: str, target: str, node: exp.Expr, *, tries: bool
) -> str:
    a, b = name_of(source), name_of(target)
    if source == target:
        return sql
    if a == "null":
        return f"CAST({sql} AS {engine.type_name(target)})"
    if a == "varchar":
        made = _of_text(engine, sql, target, node, tries=tries)
        if made is not None:
            return made
    elif a in _NUMBERS and b in _NUMBERS:
        return _number(engine, sql, source, target, tries=tries)
    elif a in _NUMBERS and b == "boolean":
        return f"({sql} <> 0)"
    elif a == "boolean" and b in _NUMBERS:
        kind = engine.type_name(target)
        return f"CAST(CASE WHEN {sql} THEN 1 WHEN NOT {sql} THEN 0 END AS {kind})"
    elif b == "varchar" and a in WRITES:
        template = said(engine, engine.texts.writes.get(a), f"a cast of {a} to varchar")
        return template.format(sql, engine.type_name(target))
    elif {a, b} == {"date", "timestamp"}:
        return f"CAST({sql} AS {engine.type_name(target)})"
    elif {a, b} <= {"date", "timestamp", "timestamptz"}:
        return _zoned(engine, sql, a, b)
    offset, length = place(node)
    raise Refusal(
        "PSK-PORT-027",
        f"a cast of {source} to {target} is not portable",
        _HINTS.get((a, "bigint" if b in _NUMBERS else b)),
        offset,
        length,
    )


def _zoned(engine: Engine, sql: str, a: str, b: str) -> str:
    """Between an instant and a date or time of day: in UTC, whatever the session says."""
    times = engine.times
    if a == "timestamptz":
        naive = said(engine, times.naive, "a cast of timestamptz").format(sql)
        return naive if b == "timestamp" else f"CAST({naive} AS {engine.type_name(b)})"
    stamp = f"CAST({sql} AS {engine.type_name('timestamp')})"
    return said(engine, times.instant, "a cast to timestamptz").format(stamp)


# -- numbers ------------------------------------------------------------------------------------


def _number(engine: Engine, sql: str, source: str, target: str, *, tries: bool) -> str:
    a, b = name_of(source), name_of(target)
    kind = engine.type_name(target)
    if b == "double":
        return f"CAST({sql} AS {kind})"
    if a == "double":
        if b == "decimal":
            return _double_to_decimal(engine, sql, target, tries=tries)
        return _double_to_whole(engine, sql, target, tries=tries)
    if a == "decimal" and b in WHOLE:
        # DuckDB and PostgreSQL round, Spark cuts.
        sql = f"ROUND({sql}, 0)"
    if not tries:
        if b in WHOLE and engine.numbers.loose_wholes and _narrower(source, target):
            return _bounded(engine, sql, target)
        return f"CAST({sql} AS {kind})"
    if engine.numbers.try_cast:
        return engine.numbers.try_cast.format(sql, kind)
    if b in WHOLE:
        limit = 2 ** _BITS[b]
        return f"CASE WHEN {sql} BETWEEN {-limit} AND {limit - 1} THEN CAST({sql} AS {kind}) END"
    precision, scale = numbers_of(target)
    limit = 10 ** (precision - scale)
    exact = f"CAST({sql} AS {engine.type_name(f'decimal(38,{numbers_of(source)[1]})')})"
    return f"CASE WHEN abs(round({exact}, {scale})) < {limit} THEN CAST({sql} AS {kind}) END"


def _narrower(source: str, target: str) -> bool:
    """Whether a number may be beyond a whole type."""
    return source not in WHOLE or WHOLE.index(source) > WHOLE.index(target)


def _bounded(engine: Engine, sql: str, target: str) -> str:
    """A cast that fails where the engine's own type holds more."""
    limit, kind = 2 ** _BITS[target], engine.type_name(target)
    fails = engine.failing("out of range", sql, target)
    return (
        f"(CASE WHEN {sql} BETWEEN {-limit} AND {limit - 1} THEN CAST({sql} AS {kind})"
        f" WHEN {sql} IS NOT NULL THEN {fails} END)"
    )


def _double_to_whole(engine: Engine, sql: str, target: str, *, tries: bool) -> str:
    kind = engine.type_name(target)
    if engine.numbers.casts_doubles:
        return f"{'TRY_CAST' if tries else 'CAST'}({sql} AS {kind})"
    template = said(engine, engine.numbers.half_even, "a cast of double to a whole number")
    whole = template.format(sql)
    if not tries and target != "bigint" and not engine.numbers.loose_wholes:
        return f"CAST({whole} AS {kind})"
    limit = float(2 ** _BITS[target])
    double = engine.type_name("double")
    inside = (
        f"{whole} >= CAST('{-limit:.1f}' AS {double}) AND {whole} < CAST('{limit:.1f}' AS {double})"
    )
    made = f"CASE WHEN {inside} THEN CAST({whole} AS {kind})"
    # Spark would take the greatest bigint for what is just above it.
    return f"({made}{'' if tries else _beyond(engine, sql, kind)} END)"


def _beyond(engine: Engine, sql: str, kind: str) -> str:
    """A branch that fails for what is not NULL: a cast of a text that says what it is."""
    text = f"CAST({sql} AS {engine.type_name('varchar')})"
    return f" WHEN {sql} IS NOT NULL THEN CAST(concat('out of range: ', {text}) AS {kind})"


def _double_to_decimal(engine: Engine, sql: str, target: str, *, tries: bool) -> str:
    """As DuckDB: scaled by a power of ten, rounded half away from zero, all in doubles.

    The others go by the shortest text of the double, so that 1.005 would be 1.01 there.
    """
    kind = engine.type_name(target)
    numbers = engine.numbers
    if numbers.casts_doubles:
        return f"{'TRY_CAST' if tries else 'CAST'}({sql} AS {kind})"
    if numbers.exact is None:
        raise missing(engine, "a cast of double to decimal")
    precision, scale = numbers_of(target)
    double = engine.type_name("double")
    power = f"CAST('1e{scale}' AS {double})"
    scaled = numbers.times_power.format(sql, power) if scale else sql
    whole = numbers.half_away.format(scaled)
    exact = numbers.exact(whole, precision)
    if scale:
        part = f"0.{'1'.rjust(scale, '0')}"
        exact = f"{exact} * CAST('{part}' AS {engine.types['decimal'].format(scale, scale)})"
    inside = f"abs({whole}) < CAST('1e{precision}' AS {double})"
    made = f"CASE WHEN {inside} THEN CAST({exact} AS {kind})"
    return f"({made}{'' if tries else _beyond(engine, sql, kind)} END)"


def exact_on_spark(whole: str, precision: int) -> str:
    """A whole double as a decimal with all its digits; Spark's own cast has 17 of them."""
    small = f"CAST(CAST({whole} AS BIGINT) AS DECIMAL({min(precision, 19)}, 0))"
    if precision <= 18:
        return small
    wide = "DECIMAL(38, 0)"
    high, middle = (f"CAST('{2**n}' AS DOUBLE)" for n in (84, 42))

    def cut(x: str) -> str:
        return f"CAST({x} AS BIGINT)"

    top = cut(f"{whole} / {high}")
    rest = f"({whole} - {top} * {high})"
    centre = cut(f"{rest} / {middle}")
    low = cut(f"{rest} - {centre} * {middle}")
    return (
        f"(CASE WHEN abs({whole}) < 9e18 THEN CAST({small} AS {wide}) ELSE"
        f" CAST({top} AS {wide}) * CAST('{2**84}' AS {wide})"
        f" + CAST({centre} AS {wide}) * CAST('{2**42}' AS {wide}) + CAST({low} AS {wide}) END)"
    )


# -- texts --------------------------------------------------------------------------------------


def _of_text(engine: Engine, sql: str, target: str, node: exp.Expr, *, tries: bool) -> str | None:
    b = name_of(target)
    kind = engine.type_name(target)
    inner = node.this if isinstance(node, (exp.Cast, exp.TryCast)) else node
    if isinstance(inner, exp.Literal) and texts.reads(str(inner.this), b):
        template = said(engine, engine.texts.reads.get(b), f"a cast of varchar to {b}")
        return f"CAST({template.format(sql)} AS {kind})"
    if b == "boolean":
        return _boolean(engine, sql, kind, tries=tries)
    if b == "double":
        right = _double_guard(engine, sql, tries=tries)
    elif b in texts.OF:
        right = matches(engine, sql, texts.OF[b])
    else:
        return None
    template = said(engine, engine.texts.reads.get(b), f"a cast of varchar to {b}")
    value = template.format(sql, *(numbers_of(target) if b == "decimal" else ()))
    if b in WHOLE and engine.numbers.loose_wholes:
        limit = 2 ** _BITS[b]
        wide = engine.texts.try_cast.format(value, engine.type_name("decimal(38,0)"))
        right = f"{right} AND {wide} BETWEEN {-limit} AND {limit - 1}"
    usual = _usual(sql, b, kind) if engine.name == "duckdb" and len(sql) < _SHORT else ""
    if tries:
        reads = engine.texts.try_reads.get(b)
        if reads is not None:
            return reads.format(sql, kind, *(numbers_of(target) if b == "decimal" else ()))
        tried = said(engine, engine.texts.try_cast or engine.numbers.try_cast, "TRY_CAST")
        return f"(CASE {usual}WHEN {right} THEN {tried.format(value, kind)} END)"
    wrong = engine.string(f"not {texts.WORDS[b]}: ")
    made = (
        f"CAST(CASE WHEN {right} THEN {value} WHEN {sql} IS NOT NULL"
        f" THEN concat({wrong}, {sql}) END AS {kind})"
    )
    return f"(CASE {usual}ELSE {made} END)" if usual else made


def _usual(sql: str, b: str, kind: str) -> str:
    """A branch for texts as DuckDB itself would write them: three times as fast as a pattern."""
    if b not in (*WHOLE, "decimal", "date"):
        return ""
    # Years beyond 9999 and before 1 are longer.
    size = f" AND length({sql}) = 10" if b == "date" else ""
    tried = f"TRY_CAST({sql} AS {kind})"
    return f"WHEN CAST({tried} AS VARCHAR) = {sql}{size} THEN {tried} "


def _double_guard(engine: Engine, sql: str, *, tries: bool) -> str:
    finite, special = (matches(engine, sql, g) for g in (texts.FINITE, texts.SPECIAL))
    if engine.texts.fails_beyond and not tries:
        return f"({finite} OR {special})"
    if engine.texts.try_reads.get("double"):
        return f"({finite} OR {special})"  # not looked at
    try_cast = engine.texts.try_cast or engine.numbers.try_cast
    template = said(engine, try_cast, "a cast of varchar to double")
    read = engine.texts.reads["double"].format(sql)
    double = engine.type_name("double")
    size, endless = (
        f"abs({template.format(read, double)})",
        f"CAST('{engine.numbers.infinity}' AS {double})",
    )
    return f"(({finite} AND {size} > 0 AND {size} < {endless}) OR {special})"


def _boolean(engine: Engine, sql: str, kind: str, *, tries: bool) -> str:
    word = f"lower({said(engine, engine.texts.trim, 'a cast to boolean').format(sql)})"
    yes, no = (", ".join(f"'{w}'" for w in words) for words in (texts.TRUE, texts.FALSE))
    made = f"CASE WHEN {word} IN ({yes}) THEN TRUE WHEN {word} IN ({no}) THEN FALSE"
    if not tries:
        wrong = f"CAST(concat('not a boolean: ', {sql}) AS {kind})"
        if engine.fail_boolean:
            wrong = engine.failing("not a boolean", sql, "boolean")
        made += f" WHEN {sql} IS NOT NULL THEN {wrong}"
    return f"({made} END)"


def matches(engine: Engine, sql: str, pattern: str) -> str:
    """Whether a whole text is in a texts."""
    whole = texts.spaced(pattern)
    return said(engine, engine.texts.full_match, "a cast of varchar").format(sql, whole)
