"""What compiled rules find in data with NULLs and doubles, as AWS documents it."""

from __future__ import annotations

import pytest

from penstock.quality import parse_rules


@pytest.mark.parametrize(
    ("rule", "bad"),
    [
        ('IsComplete "carrier"', [3, 4]),
        ('IsComplete "CARRIER"', [3, 4]),
        ('IsComplete "odd name"', [4]),
        ('IsComplete "carrier" where "id > 3"', [4]),
        ('IsComplete "carrier" where "amount > 0"', [4]),  # NULL does not meet a filter
        ('IsUnique "carrier"', [1, 2]),
        ('IsUnique "id"', []),
        ('IsUnique "carrier" "day"', []),
        ('IsUnique "clock"', [4, 5]),
        ('IsUnique "key_1"', [1, 2]),
        ('IsUnique "carrier" where "id <> 2"', []),
        ('IsPrimaryKey "id"', []),
        ('IsPrimaryKey "carrier"', [1, 2, 3, 4]),
        ('IsPrimaryKey "id" "carrier"', [3, 4]),
        ('ColumnValues "amount" > 0', [2, 3]),
        ('ColumnValues "amount" = 10', [1, 2, 3, 5]),
        ('ColumnValues "amount" != 10', [4]),
        ('ColumnValues "amount" between 1.5 and 20', [1, 2, 3, 5]),
        ('ColumnValues "amount" not between 1.5 and 20', [2, 4]),
        ('ColumnValues "amount" in [1.5, 10]', [2, 3, 5]),
        ('ColumnValues "amount" in ["1.5", 10, NULL]', [3, 5]),
        ('ColumnValues "amount" not in [1.5]', [1]),
        ('ColumnValues "amount" not in [1.5, NULL]', [1, 2]),
        ('ColumnValues "amount" = NULL', [1, 3, 4, 5]),
        ('ColumnValues "amount" != NULL', [2]),
        ('ColumnValues "amount" > 0 where "id <> 2"', [3]),
        ('ColumnValues "carrier" = "UA"', [3, 4, 5]),
        ('ColumnValues "carrier" matches "[A-Z]+"', [3, 4, 5]),
        ('ColumnValues "carrier" matches "U"', [1, 2, 3, 4, 5]),  # the whole value
        ('ColumnValues "carrier" not matches "UA|B6"', [1, 2, 3, 4, 5]),
        ('ColumnValues "carrier" not matches "UA"', [1, 2, 3, 4]),
        ('ColumnValues "odd name" != EMPTY', [2]),
        ('ColumnValues "odd name" in ["x", EMPTY, WHITESPACES_ONLY]', [4, 5]),
        ('ColumnValues "odd name" not in ["x", EMPTY, WHITESPACES_ONLY]', [1, 2, 3]),
        ('ColumnValues "day" > "2020-01-01"', [1, 3]),
        ('ColumnValues "day" between "2020-01-01" and "2020-01-03"', [1, 3, 4]),
        ('ColumnValues "at" = "2020-01-02"', [1, 3, 4]),
        ('ColumnValues "at" > "2020-01-02 05:00:00"', [1, 3, 5]),
        ('ColumnValues "instant" = "2020-01-02"', [1, 3, 4]),
        ('ColumnValues "instant" > "2020-01-02T06:00:00+01:00"', [1, 3, 5]),
        ('ColumnValues "day" < now()', [3, 4]),
        ('ColumnValues "at" <= (now() - 3 days)', [3, 4]),
        ('ColumnValues "instant" > (now() + 1 hours)', [1, 2, 3, 5]),
        ('ColumnValues "late" = "true"', [2, 3, 4, 5]),
        ('ColumnValues "clock" > "10:30 AM"', [1, 3]),
        ('ColumnValues "tags" != NULL', [2, 3, 4, 5]),
        ('CustomSql "select id from primary where amount > 0"', [2, 3]),
        ('CustomSql "select id from primary where primary.amount > $late_after"', [1, 2, 3, 4]),
        ('CustomSql "select carrier from primary where carrier is null"', [1, 2, 5]),
        (
            'CustomSql "select id, carrier from primary p join airports a on a.faa = p.carrier"',
            [3, 4],
        ),
        ('CustomSql "select * from primary where amount > 1"', [2, 3]),
        ('(IsComplete "carrier") and (IsComplete "amount")', [2, 3, 4]),
    ],
)
@pytest.mark.parametrize("action", ["warn", "quarantine"])
def test_rules_about_rows(bench, rule: str, bad: list[int], action: str) -> None:
    ran = bench.run(rule, action)
    assert ran.bad == bad
    assert ran.passed is (not bad)


@pytest.mark.parametrize(
    ("rule", "passed"),
    [
        ("RowCount = 5", True),
        ("RowCount between 4 and 6", True),
        ("RowCount between 5 and 6", False),  # the ends are outside
        ("RowCount not between 5 and 6", True),
        ("RowCount in [4, 5]", True),
        ('RowCount > 1 where "id < 3"', True),
        ('Completeness "carrier" >= 0.6', True),
        ('Completeness "carrier" = "0.6"', True),
        ('Completeness "carrier" > 0.6', False),
        ('Completeness "carrier" > 0.7 where "id <= 3 or id = 5"', True),
        ('Uniqueness "id" = 1', True),
        ('Uniqueness "carrier" < 0.34', True),  # NULL does not take part
        ('Uniqueness "carrier" "day" = 1', True),
        ('ColumnExists "odd name"', True),
        ('ColumnExists "nowhere"', False),
        ('ColumnValues "amount" > 0 with threshold > 0.5', True),
        ('ColumnValues "amount" > 0 with threshold > 0.6', False),
        ('ColumnValues "amount" > 0 where "id <> 2" with threshold > 0.7', True),
        ('CustomSql "select count(*) from primary" = 5', True),
        ('CustomSql "select max(amount) from primary p join airports on faa = carrier" = 20', True),
        ('CustomSql "select max(amount) from flights where id > 99" > 0', False),  # NULL
        ('CustomSql "with x as (select * from primary) select count(*) from x" > 4', True),
        ('CustomSql "select id from primary where amount > 1" with threshold > 0.5', True),
        ('CustomSql "select id from primary where amount > 1" with threshold > 0.7', False),
        ('(RowCount > 9) or (IsUnique "id")', True),
        ('(RowCount > 9) and (IsUnique "id")', False),
    ],
)
def test_rules_about_the_dataset(bench, rule: str, passed: bool) -> None:
    assert bench.run(rule).passed is passed


def test_composite_or_is_judged_as_a_whole_unless_rows_are_set_aside(bench) -> None:
    """AWS's own example: each part fails for some row, so the whole fails."""
    rule = '(ColumnValues "amount" > 0) or (ColumnValues "amount" = NULL)'
    assert bench.run(rule, "stop").passed is False
    ran = bench.run(rule, "quarantine")
    assert (ran.passed, ran.bad) == (False, [3])


def test_what_is_observed_has_awss_names(bench) -> None:
    assert bench.run('IsComplete "carrier"').observed == {"Column.carrier.Completeness": 0.6}
    assert bench.run("RowCount > 1").observed == {"Dataset.*.RowCount": 5}
    assert bench.run('IsPrimaryKey "id" "carrier"').observed == {
        "Multicolumn.id,carrier.Uniqueness": 1.0,
        "Column.id.Completeness": 1.0,
        "Column.carrier.Completeness": 0.6,
    }
    assert bench.run('CustomSql "select sum(amount) from primary" > 0').observed == {
        "Dataset.*.CustomSQL": 29.5
    }


@pytest.mark.parametrize(
    ("rule", "passed"),
    [
        ('IsComplete "carrier"', True),
        ('IsUnique "carrier"', True),
        ('IsPrimaryKey "id"', True),
        ('Completeness "carrier" > 0.9', True),
        ('Uniqueness "carrier" > 0.9', True),
        ('ColumnValues "amount" > 0', True),
        ('ColumnValues "amount" > 0 with threshold > 0.9', True),
        ('CustomSql "select id from primary" with threshold > 0.9', True),
        ('CustomSql "select count(*) from primary" > 0', False),
        ("RowCount > 0", False),
        ('ColumnExists "id"', True),
        ('ColumnExists "nowhere"', False),
    ],
)
def test_a_dataset_without_rows_breaks_no_rule_about_values(empty, rule: str, passed: bool) -> None:
    assert empty.run(rule).passed is passed


def test_a_threshold_does_not_keep_bad_rows_from_quarantine(bench) -> None:
    ran = bench.run('ColumnValues "amount" > 0 with threshold > 0.5', "quarantine")
    assert (ran.passed, ran.bad) == (True, [2, 3])


def test_other_datasets_of_a_rule_are_dependencies(bench) -> None:
    sql = "select count(*) from primary join airports on faa = carrier"
    assert bench.run(f'CustomSql "{sql}" > 0').depends_on == ("airports",)
    assert bench.run('CustomSql "select count(*) from flights, primary p" > 0').depends_on == ()


def test_the_check_keeps_the_rule_as_written(bench) -> None:
    ran = bench.run('IsComplete   "carrier"  # why\n   where "id > 0"')
    assert ran.check.rule == 'IsComplete "carrier" where "id > 0"'


@pytest.mark.parametrize(
    ("rule", "errors"),
    [
        ('IsComplete "carier"', [("PSK-DQ-007", '"carier"')]),
        ('IsPrimaryKey "ids" "carier"', [("PSK-DQ-007", '"ids"'), ("PSK-DQ-007", '"carier"')]),
        ('IsComplete "carrier" where "idd > 3"', [("PSK-DQ-007", "idd")]),
        ('IsComplete "x" where "idd > 3"', [("PSK-DQ-007", '"x"'), ("PSK-DQ-007", "idd")]),
        ('IsComplete "carrier" where "id >"', [("PSK-DQ-011", ">")]),
        ('IsComplete "carrier" where "count(*) > 3"', [("PSK-DQ-011", '"count(*) > 3"')]),
        ('IsComplete "carrier" where "carrier + id > 3"', [("PSK-DQ-011", '"carrier + id > 3"')]),
        ('IsComplete "carrier" where "id > $lat_after"', [("PSK-DQ-012", "$lat_after")]),
        ('ColumnValues "amount" > "far"', [("PSK-DQ-008", '"far"')]),
        ('ColumnValues "carrier" in ["UA", 5]', [("PSK-DQ-008", "5")]),
        ('ColumnValues "amount" = EMPTY', [("PSK-DQ-008", "EMPTY")]),
        ('ColumnValues "amount" > NULL', [("PSK-DQ-008", "NULL")]),
        ('ColumnValues "amount" matches "a"', [("PSK-DQ-008", 'matches "a"')]),
        ('ColumnValues "day" > "2020-13-01"', [("PSK-DQ-008", '"2020-13-01"')]),
        ('ColumnValues "day" > 5 days', [("PSK-DQ-008", "5 days")]),
        ('ColumnValues "at" > "2020-01-01T00:00:00Z"', [("PSK-DQ-008", '"2020-01-01T00:00:00Z"')]),
        ('ColumnValues "tags" = "a"', [("PSK-DQ-008", '"a"')]),
        ('ColumnValues "carrier" matches "[a"', [("PSK-DQ-013", '"[a"')]),
        ('ColumnValues "carrier" matches "(?=a)"', [("PSK-DQ-013", '"(?=a)"')]),
        ('Completeness "carrier" > 95', [("PSK-DQ-009", "95")]),
        ('ColumnValues "amount" > 0 with threshold > 3', [("PSK-DQ-009", "3")]),
        ("RowCount > NULL", [("PSK-DQ-008", "NULL")]),
        ('RowCount matches "a"', [("PSK-DQ-008", 'matches "a"')]),
        ('CustomSql "select count(*) from flihgts" > 1', [("PSK-DQ-015", "flihgts")]),
        ('CustomSql "select count(*) from a.b" > 1', [("PSK-DQ-015", "b")]),
        ('CustomSql "drop table flights" > 1', [("PSK-DQ-014", '"drop table flights"')]),
        ('CustomSql "select (" > 1', [("PSK-DQ-014", "(")]),
        ('CustomSql "select id from primary" > 1', [("PSK-DQ-014", '"select id from primary"')]),
        ('CustomSql "select 1, 2" > 1', [("PSK-DQ-014", '"select 1, 2"')]),
        (
            'CustomSql "select count(*) from primary"',
            [("PSK-DQ-014", '"select count(*) from primary"')],
        ),
        (
            'CustomSql "select sum(id) from primary" > 1 with threshold > 0.1',
            [("PSK-DQ-014", "> 0.1")],
        ),
        (
            'CustomSql "select carrier from primary limit 1" > 1',
            [("PSK-DQ-008", 'CustomSql "select carrier from primary limit 1" > 1')],
        ),
    ],
)
def test_what_does_not_fit_is_found_before_a_run(bench, rule: str, errors) -> None:
    assert bench.errors(rule) == errors


def test_near_names_are_offered(bench) -> None:
    (rule,) = parse_rules('IsComplete "carier"').rules
    compiled = bench.compile(rule.text)
    assert compiled.errors[0].hint == "did you mean `carrier`?"
    compiled = bench.compile('CustomSql "select count(*) from airport" > 1')
    assert compiled.errors[0].hint == "did you mean `airports`?"


@pytest.mark.parametrize(
    "rule",
    [
        "RowCount > 5",
        'Completeness "carrier" > 0.5',
        'Uniqueness "carrier" > 0.5',
        'ColumnExists "carrier"',
        'CustomSql "select count(*) from primary" > 4',
    ],
)
def test_only_rules_about_rows_can_set_rows_aside(bench, rule: str) -> None:
    assert [code for code, _ in bench.errors(rule, "quarantine")] == ["PSK-DQ-010"]
    assert "`stop` or `warn`" in bench.compile(rule, "quarantine").errors[0].hint


def test_the_rows_of_a_composite_rule_take_no_threshold(bench) -> None:
    rule = '(ColumnValues "amount" > 0 with threshold > 0.5) or (IsComplete "carrier")'
    assert bench.errors(rule, "quarantine") == [("PSK-DQ-005", "> 0.5")]
    assert bench.run(rule, "warn").passed is True


def test_a_binder_places_errors_inside_custom_sql(bench) -> None:
    from penstock.quality import BindFailure

    text = 'CustomSql "select count(*) from primary p where p.amont > 1" > 0'
    bound = []

    def bind(sql: str) -> BindFailure:
        bound.append(sql)
        return BindFailure("no such column", sql.index("amont"), len("amont"), "did you mean …")

    bench.bind = bind
    assert bench.errors(text) == [("PSK-DQ-014", "amont")]
    assert len(bound) == 1
