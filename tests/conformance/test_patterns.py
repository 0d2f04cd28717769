"""What of regular expressions and JSON paths is refused, where, and on which engine."""

from __future__ import annotations

import pytest

from penstock.dialects.portable import Refusal, prepare

SCHEMAS = {"t": {"s": "varchar", "p": "varchar"}}


def refusal(expression: str, engine: str = "duckdb") -> Refusal:
    """The refusal of an expression on an engine."""
    with pytest.raises(Refusal) as caught:
        prepare(f"SELECT {expression} AS v FROM t", SCHEMAS).render(engine)
    return caught.value


def runs(expression: str, engine: str) -> bool:
    """Whether an engine can do it."""
    try:
        prepare(f"SELECT {expression} AS v FROM t", SCHEMAS).render(engine)
    except Refusal:
        return False
    return True


@pytest.mark.parametrize(
    ("pattern", "place", "word"),
    [
        ("(?=a)b", 1, "look-around"),
        ("ab(?<!x)", 3, "look-around"),
        ("a+?", 2, "lazy"),
        ("a{2}+", 2, "possessive"),
        ("a**", 3, "quantifier of a quantifier"),
        (r"\bx", 1, "ASCII in one engine"),
        (r"x\p{L}", 2, "Unicode"),
        (r"(a)\1", 4, "reference back"),
        ("(?P<n>a)", 1, "named group"),
        ("(?>a)", 1, "atomic"),
        ("a(?i)b", 2, "flags inside"),
        ("*a", 1, "quantifier of nothing"),
        ("[a", 1, "nothing closes"),
        ("(a", 1, "nothing closes"),
        ("a)", 2, "nothing opened"),
        ("[z-a]", 2, "ends before it starts"),
        ("a{256}", 2, "255"),
        ("[[:nope:]]", 2, "no class"),
        ("(?i)é", 5, "ASCII"),
        ("(" * 60 + ")" * 60, 52, "deep"),
    ],
)
def test_a_pattern_outside_the_subset_is_refused_with_its_place(
    pattern: str, place: int, word: str
) -> None:
    found = refusal(f"regexp_matches(s, '{pattern}')")
    assert found.code == "PSK-PORT-031"
    assert f"character {place} of the pattern" in found.message
    assert word in found.message


@pytest.mark.parametrize(
    ("pattern", "same"),
    [
        ("a|ab", False),
        ("(a|ab)(c|bcd)", False),
        ("a?(ab)?", False),
        ("(a*)*b", False),
        ("a(|b)", False),
        ("(^|,)x", False),
        ("cat|dog", True),
        ("ab?", True),
        (r"(\d+)(\.(\d+))?", True),
        ("[a-z0-9._%+-]+@[a-z0-9.-]+[.][a-z]{2,}", True),
        (r"^(\w+)\s+(\w+)$", True),
        ("https?://([^/?]+)([^?]*)([?](.*))?", True),
    ],
)
def test_postgres_takes_only_patterns_with_one_match(pattern: str, same: bool) -> None:
    assert runs(f"regexp_extract(s, '{pattern}')", "duckdb")
    assert runs(f"regexp_extract(s, '{pattern}')", "postgres") is same
    # Whether something matches does not depend on what is tried first.
    assert runs(f"regexp_matches(s, '{pattern}')", "postgres")


def test_a_pattern_that_java_may_try_for_ever_is_refused_on_spark() -> None:
    assert not runs("regexp_matches(s, '(a+)+b')", "spark")
    assert runs("regexp_matches(s, '(a+,)+b')", "spark")


@pytest.mark.parametrize(
    ("expression", "word"),
    [
        ("regexp_extract(s, 'a(b)', 2)", "no group 2"),
        ("regexp_replace(s, 'a', '\\1')", "no group 1"),
        ("regexp_replace(s, '(a)*b', '\\1')", "inside a quantifier"),
        ("regexp_replace(s, 'a*', 'x', 'g')", "empty text"),
        ("regexp_extract_all(s, 'a*')", "empty text"),
        ("regexp_replace(s, 'a', '\\q')", "backslash"),
        ("regexp_matches(s, 'a', 'x')", "options"),
    ],
)
def test_what_cannot_be_the_same_is_refused(expression: str, word: str) -> None:
    assert word in refusal(expression).message


def test_a_computed_pattern_is_refused() -> None:
    assert refusal("regexp_matches(s, p)").code == "PSK-PORT-024"
    assert refusal("s LIKE p").code == "PSK-PORT-023"


@pytest.mark.parametrize("expression", ["s ~ 'a'", "s SIMILAR TO 'a'"])
def test_operators_with_two_meanings_name_the_functions(expression: str) -> None:
    assert "regexp_full_match" in (refusal(expression).hint or "")


@pytest.mark.parametrize(
    "expression",
    [
        "s ->> '$.a[*]'",
        "s ->> '$..a'",
        "s ->> '$.a[-1]'",
        "s ->> '/a/b'",
        "s ->> p",
        "json_extract_string(s, '$.a[*]')",
        "json_extract_string(s, '$.*')",
        "json_array_length(s, '/a')",
    ],
)
def test_a_path_that_engines_read_differently_is_refused(expression: str) -> None:
    assert refusal(expression).code == "PSK-PORT-032"


def test_a_key_with_a_point_is_written_from_the_root() -> None:
    found = refusal("s ->> 'a.b'")
    assert found.code == "PSK-PORT-032"
    assert found.offset == len("SELECT s ->> ")
    assert """'$."a.b"'""" in (found.hint or "")
    sql = prepare("""SELECT s ->> '$."a.b"' AS v FROM t""", SCHEMAS).render("spark")
    assert "['a.b']" in sql.replace("\\'", "'")


def test_json_alone_is_refused_but_not_on_the_way() -> None:
    assert "->>" in (refusal("s -> 'a'").hint or "")
    assert runs("s -> 'a' ->> 'b'", "postgres")


def test_not_like_is_not_like() -> None:
    sql = prepare("SELECT s NOT LIKE 'a%' AS v FROM t", SCHEMAS).render("duckdb")
    assert "NOT LIKE" in sql
    sql = prepare("SELECT s NOT LIKE 'a!%' ESCAPE '!' AS v FROM t", SCHEMAS).render("spark")
    assert "NOT LIKE" in sql
