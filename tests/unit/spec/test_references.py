"""References, variables and profiles: what a value stands for, and where it comes from."""

from __future__ import annotations

import pytest

from penstock.errors import UsageError
from penstock.spec.variables import convert

VARIABLES = "variables: {n: 15, r: 1.5, on: true, lake: lake, nothing: null, day: '${run.date}'}\n"


def described(load, text: str, **options):
    return load(VARIABLES + f"description: {text}\n", **options).pipeline.description


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${var.lake}/x", "lake/x"), ("a ${var.n}-${var.r} ${var.on}${var.nothing}", "a 15-1.5 true"),
        ("${env.HOME}/x", "/home/me/x"), ("$${var.lake}", "${var.lake}"), ("${var.lake}", "lake"),
        ("x${run.id} ${run.date}", "x${run.id} ${run.date}"), ("'${ var.lake }'", "lake"),
        ("a$b", "a$b"), ("|\n  a\n  ${var.n}\n", "a\n15\n"),
    ],
)  # fmt: skip
def test_references_within_text(load, text: str, value: str):
    assert described(load, text, environment={"HOME": "/home/me"}) == value


def test_a_variable_alone_keeps_its_type(load):
    source = (
        "sources: {a: {connector: sftp, host: h, path: p, port: '${var.n}', schema: {i: int}}}\n"
    )
    found = load(VARIABLES + source).diagnostics
    assert [d.code for d in found] == ["PSK-PORT-003"]
    text = source.replace("${var.n}", "${var.lake}")
    assert "PSK-SRC-023" in [d.code for d in load(VARIABLES + text).diagnostics]


def test_variables_hold_references(load):
    text = "variables: {a: '${var.b}/a', b: '${env.HOME}', c: '${var.n}', n: 3}\n"
    definition = load(text, environment={"HOME": "/h"})
    assert definition.diagnostics == ()
    assert definition.variables == {"a": "/h/a", "b": "/h", "c": 3, "n": 3}


@pytest.mark.parametrize(
    ("text", "code", "said", "width"),
    [
        ("${var.lak}", "PSK-REF-031", "did you mean `lake`?", 10),
        ("${env.HOMER}", "PSK-REF-032", "did you mean `HOME`?", 12),
        ("${env.NOPE}", "PSK-REF-032", "export NOPE=", 11),
        ("${vars.lake}", "PSK-REF-033", "did you mean `var`?", 12),
        ("${lake}", "PSK-REF-033", "a reference is", 7),
        ("${var.}", "PSK-REF-033", "a reference is", 7),
        ("${run.dat}", "PSK-REF-033", "did you mean `date`?", 10),
        ("${var.lake", "PSK-REF-033", "without its `}`", 10),
        ("${secret.KEY}", "PSK-REF-037", "it would be published", 13),
    ],
)
def test_what_is_wrong_with_a_reference(load, text: str, code: str, said: str, width: int):
    found = load(VARIABLES + f"description: ab {text}\n", environment={"HOME": "/h"}).diagnostics
    assert [d.code for d in found] == [code]
    assert said in f"{found[0].message} {found[0].hint}"
    span = found[0].span
    assert (span.line, span.column, span.end_column) == (3, 17, 17 + width)


@pytest.mark.parametrize("section", ["sources", "targets"])
def test_a_secret_in_a_path_would_be_told_with_it(told, section: str):
    what = {"sources": "connector: file", "targets": "from: a, connector: lake"}[section]
    found = told(f"{section}:\n  t: {{{what}, path: 'x/${{secret.KEY}}/t.csv'}}\n")
    assert [(c, p) for c, p, _ in found if c == "PSK-REF-037"] == [
        ("PSK-REF-037", f"3:{len(what) + 18}")
    ]
    assert "write ${env.NAME} or ${var.NAME}" in str(found)


def test_every_wrong_reference_of_a_text_is_told(told):
    found = told("description: ${var.a} ${env.B} ${c}\n")
    assert [(c, p) for c, p, _ in found] == [
        ("PSK-REF-031", "2:14"), ("PSK-REF-032", "2:23"), ("PSK-REF-033", "2:32"),
    ]  # fmt: skip


def test_a_circle_of_variables(told):
    found = told("variables: {a: '${var.b}', b: '${var.c}', c: 'x${var.a}'}\n")
    assert {c for c, _, _ in found} == {"PSK-REF-038"}
    assert any("a → b → c → a" in m for _, _, m in found)


def test_a_reference_in_a_key(told):
    code, place, _ = told("variables: {'${var.a}': 1}\n")[0]
    assert (code, place) == ("PSK-REF-033", "2:13")


def test_an_offset_behind_a_reference_is_where_it_stands(load):
    text = "variables: {t: flights_of_the_day}\ntransforms: {a: {sql: 'SELECT * FROM ${var.t} WHERE nope'}}\n"
    definition = load(text)
    sql = definition.pipeline.transforms["a"].sql
    path = ("transforms", "a", "sql")
    span = definition.positions.inside(path, sql.index("nope"), 4)
    line = definition.files["pipeline.yaml"].splitlines()[span.line - 1]
    assert line[span.column - 1 : span.end_column - 1] == "nope"
    span = definition.positions.inside(path, sql.index("of_the"), 6)
    assert line[span.column - 1 : span.end_column - 1] == "${var.t}"


@pytest.mark.parametrize(
    ("text", "declared", "value"),
    [
        ("20", 15, 20), ("-3", 15, -3), ("2", 1.5, 2.0), ("1e2", 1.5, 100.0), ("true", False, True),
        ("12", "x", "12"), ("true", "x", "true"), ("", "x", ""), ("12", None, 12), ("x", None, "x"),
        ("01", None, 1),
    ],
)  # fmt: skip
def test_text_takes_the_declared_type(text: str, declared, value):
    found = convert(text, declared)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "declared"),
    [("x", 15), ("1.5", 15), ("true", 15), ("", 15), ("yes", True), ("1", True), ("x", 1.5), (".inf", 1.5)],
)  # fmt: skip
def test_text_that_has_not_the_declared_type(text: str, declared):
    with pytest.raises(ValueError, match=r"number|true or false"):
        convert(text, declared)


PROFILE = "profiles: {prod: {variables: {lake: from_profile}}}\n"


def lake(load, **options):
    return load(VARIABLES + PROFILE, **options).variables["lake"]


def test_the_strongest_value_of_a_variable_wins(load):
    environment = {"PENSTOCK_VAR_LAKE": "from_environment"}
    given = {"lake": "from_command"}
    assert lake(load) == "lake"
    assert lake(load, profile="prod") == "from_profile"
    assert lake(load, profile="prod", environment=environment) == "from_environment"
    assert lake(load, profile="prod", environment=environment, variables=given) == "from_command"


def test_a_variable_that_is_not_declared_cannot_be_set(load):
    with pytest.raises(UsageError) as raised:
        load(VARIABLES, variables={"lakee": "x"})
    assert (raised.value.exit_code, raised.value.code) == (2, "PSK-REF-035")
    assert raised.value.hint == "did you mean `lake`?"


def test_a_variable_set_to_another_type(load):
    with pytest.raises(UsageError) as raised:
        load(VARIABLES, variables={"n": "x"})
    assert raised.value.code == "PSK-REF-034"
    assert "a whole number" in raised.value.message
    found = load(VARIABLES, environment={"PENSTOCK_VAR_N": "x"})
    assert [d.code for d in found.diagnostics] == ["PSK-REF-034"]
    assert found.variables["n"] == 15


def test_text_from_outside_is_not_read_for_references(load):
    definition = load(VARIABLES, variables={"lake": "${env.HOME}"}, environment={"HOME": "/h"})
    assert definition.variables["lake"] == "${env.HOME}"


def test_profiles_merge_deeply(load):
    text = (
        "sources:\n"
        "  a: {connector: file, path: a.csv, options: {delimiter: ';', header: true}}\n"
        "profiles:\n"
        "  prod:\n"
        "    sources: {a: {path: b.csv, options: {delimiter: '|'}}}\n"
        "    alerts: [{email: a@example.com}]\n"
    )
    definition = load(text, profile="prod")
    assert definition.pipeline.sources["a"].options == {
        "path": "b.csv", "options": {"delimiter": "|", "header": True},
    }  # fmt: skip
    path = definition.positions.value(("sources", "a", "path"))
    assert (path.line, definition.positions.key(("sources", "a")).line) == (6, 3)
    assert len(definition.pipeline.alerts) == 1
    assert load(text).pipeline.alerts == []


def test_a_profile_that_says_nothing_changes_nothing(load):
    text = "sla: {freshness: 1 hour}\nprofiles: {a: , b: {}, c: {sla: {}}, d: {sla: }}\n"
    assert [load(text, profile=p).pipeline.sla.freshness for p in "abcd"] == ["1 hour"] * 3 + [None]


def test_an_unknown_profile(load):
    with pytest.raises(UsageError) as raised:
        load(PROFILE + VARIABLES, profile="prd")
    assert (raised.value.code, raised.value.hint) == ("PSK-REF-036", "did you mean `prod`?")


def test_profiles_that_are_not_chosen_are_checked_too(told):
    found = told(
        "profiles:\n"
        "  a: {deploy: {architecture: lamda}}\n"
        "  b: {slaa: {}, description: '${env.ONLY_THERE}'}\n"
        "  c: 5\n"
        "  d:\n"
    )
    assert [(c, p) for c, p, _ in found] == [
        ("PSK-YAML-024", "3:30"), ("PSK-YAML-021", "4:7"), ("PSK-YAML-023", "5:3"),
    ]  # fmt: skip


def test_a_misspelt_key_of_a_profile_has_a_near_name_that_the_rest_has_too(told):
    found = told(
        "sources:\n  a: {connector: file, path: a.csv}\n"
        "profiles:\n  prod: {sourcse: {a: {path: b.csv}}}\n"
        "  test: {sources: {a: {pth: b.csv}}}\n"
    )
    assert [(c, m.partition("(")[2]) for c, _, m in found] == [
        ("PSK-YAML-021", "did you mean `sources`?)"),
        ("PSK-SRC-021", "did you mean `path`?)"),
    ]


def test_what_is_wrong_in_the_rest_is_told_once(told):
    text = "ownr: x\nprofiles:\n  a: {owner: y}\n  b: {owner: z}\n"
    assert [c for c, _, _ in told(text)] == ["PSK-YAML-021"]
    assert [c for c, _, _ in told(text, profile="a")] == ["PSK-YAML-021"]


def test_a_variable_pasted_into_sql_is_warned_of(load):
    text = (
        "transforms:\n  one: select ${var.n} as n\n  two: models/${var.lake}.sql\n"
        "  three:\n    from: one\n    steps:\n"
        "      - derive: {late: 'n > ${var.n}'}\n      - filter: n > $n\n"
        "      - standardize: {'n': [trim]}\n"
    )
    found = [d for d in load(VARIABLES + text).diagnostics if d.code == "PSK-REF-042"]
    assert [(d.severity, d.hint) for d in found] == [
        ("warning", "write `$n`, which is bound as a typed value")
    ] * 2
    assert [d.span.line for d in found if d.span] == [4, 9]


def test_a_variable_pasted_into_a_measure_is_warned_of_and_one_for_a_value_is_not(load):
    text = (
        "transforms:\n  one:\n    from: two\n    steps:\n"
        "      - rollup: {by: [a], measures: {m: 'sum(a) + ${var.n}'}}\n"
        "      - window: {columns: {w: {total: 'sum(m + ${var.n})'}}}\n"
        "      - pivot: {column: a, values: ['${var.n}'], measures: 'sum(m - ${var.n})'}\n"
    )
    found = [d for d in load(VARIABLES + text).diagnostics if d.code == "PSK-REF-042"]
    lines = [d.span.line for d in found if d.span]
    assert len(lines) == 3
    assert lines == [lines[0], lines[0] + 1, lines[0] + 2]
