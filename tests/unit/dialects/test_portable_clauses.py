"""Clauses: what one engine cannot do is refused for it alone, with its place and a way around."""

from __future__ import annotations

import duckdb
import pytest

from penstock.dialects.portable import Refusal, compile_query, prepare

SCHEMAS = {
    "orders": {"id": "integer", "customer": "integer", "amount": "decimal(10,2)", "day": "date"},
    "customers": {"id": "integer", "name": "varchar", "tags": "varchar[]"},
}


def refused(sql: str, engine: str = "duckdb") -> Refusal:
    with pytest.raises(Refusal) as caught:
        compile_query(sql, SCHEMAS, engine)
    return caught.value


class TestOneEngine:
    @pytest.mark.parametrize(
        "sql",
        [
            (
                "SELECT c.id, (SELECT o.amount FROM orders o WHERE o.customer = c.id "
                "ORDER BY o.day DESC, o.id LIMIT 1) AS last FROM customers c"
            ),
            (
                "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) "
                "SELECT n FROM r"
            ),
            (
                "SELECT lead(amount) OVER (ORDER BY id) AS a, first_value(amount) OVER (ORDER BY id "
                "GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW) AS b FROM orders"
            ),
        ],
    )
    def test_spark_alone_refuses_what_it_has_not(self, sql):
        assert refused(sql, "spark").engines == ("spark",)
        for engine in ("duckdb", "postgres"):
            assert compile_query(sql, SCHEMAS, engine)

    @pytest.mark.parametrize(
        "sql",
        [
            "SELECT a.id AS a, b.id AS b FROM orders a FULL JOIN orders b ON a.id < b.id",
            "SELECT {'id': id, 'day': day} AS s FROM orders",
            "SELECT [tags, tags] AS l FROM customers",
            "SELECT lag(amount, 2 IGNORE NULLS) OVER (ORDER BY id) AS a FROM orders",
        ],
    )
    def test_postgres_alone_refuses_what_it_has_not(self, sql):
        assert refused(sql, "postgres").engines == ("postgres",)
        for engine in ("duckdb", "spark"):
            assert compile_query(sql, SCHEMAS, engine)


class TestPlacesAndHints:
    @pytest.mark.parametrize(
        ("sql", "code", "hint"),
        [
            ("SELECT id FROM orders LIMIT 3", "PSK-PORT-028", "ORDER BY"),
            ('SELECT "Id" FROM orders', "PSK-PORT-030", "`id`"),
            ("SELECT * FROM read_csv('a.csv')", "PSK-PORT-022", "source"),
            ("SELECT unnest(tags) FROM customers", "PSK-PORT-022", "FROM t, unnest"),
            ("SELECT * EXCLUDE (nope) FROM orders", "PSK-PORT-021", "amount"),
            ("PIVOT orders ON day USING max(id)", "PSK-PORT-022", "IN ("),
        ],
    )
    def test_each_refusal_says_what_to_write(self, sql, code, hint):
        found = refused(sql)
        assert found.code == code
        assert hint in (found.hint or "")

    def test_a_name_is_told_with_its_place(self):
        sql = 'SELECT id, "Amount" FROM orders'
        found = refused(sql)
        assert found.offset is not None
        assert sql[found.offset : found.offset + found.length] == '"Amount"'


class TestNamesOfColumns:
    def test_by_name_takes_the_columns_of_both(self):
        found = prepare(
            "SELECT id, day FROM orders UNION ALL BY NAME SELECT name, id FROM customers", SCHEMAS
        )
        assert found.columns == [("id", "integer"), ("day", "date"), ("name", "varchar")]

    def test_a_subquery_for_qualify_gives_no_column_of_its_own(self):
        found = prepare(
            "SELECT * FROM orders QUALIFY row_number() OVER (PARTITION BY customer ORDER BY id) = 1",
            SCHEMAS,
        )
        assert [name for name, _ in found.columns] == list(SCHEMAS["orders"])

    def test_the_columns_of_a_pivot_are_those_that_are_named(self):
        found = prepare(
            "SELECT * FROM (SELECT customer, id, amount FROM orders) "
            "PIVOT (max(amount) FOR customer IN (1, 2 AS two))",
            SCHEMAS,
        )
        assert [name for name, _ in found.columns] == ["id", "1", "two"]


class TestManyAndDeep:
    def test_fifty_levels_and_three_hundred_columns(self):
        inner = "SELECT " + ", ".join(f"id + {i} AS c{i}" for i in range(300)) + " FROM orders"
        for _ in range(50):
            inner = f"SELECT * FROM ({inner}) AS q"
        assert len(prepare(inner, SCHEMAS).columns) == 300

    def test_a_thousand_conditions_and_unions(self):
        either = " OR ".join(f"id = {i}" for i in range(1000))
        assert compile_query(f"SELECT id FROM orders WHERE {either}", SCHEMAS, "postgres")
        all_of = " UNION ALL ".join("SELECT id FROM orders" for _ in range(100))
        assert compile_query(all_of, SCHEMAS, "spark")


@pytest.mark.parametrize("test", ["IS TRUE", "IS NOT TRUE", "IS FALSE", "IS NOT FALSE"])
def test_only_what_is_true_or_false_is_asked_whether_it_is(test):
    schemas = {"t": {"s": "varchar", "n": "integer", "b": "boolean"}}
    for value in ("s", "n", "[n]"):
        with pytest.raises(Refusal, match="neither true nor false") as told:
            prepare(f"SELECT {value} {test} AS v FROM t", schemas).render("duckdb")
        assert told.value.code == "PSK-PORT-023"
    for value in ("b", "n > 1", "NULL"):
        prepare(f"SELECT {value} {test} AS v FROM t", schemas).render("duckdb")


def test_the_entropy_of_one_value_is_exactly_zero():
    sql = compile_query("SELECT entropy('one') AS e FROM t", {"t": {"i": "integer"}}, "duckdb")
    with duckdb.connect() as connection:
        for rows in range(200):
            connection.execute(f"CREATE OR REPLACE TABLE t AS SELECT 1 AS i FROM range({rows})")
            assert connection.execute(sql).fetchone() == (0.0,)


@pytest.mark.parametrize(
    ("sql", "at", "hint"),
    [
        ("SELECT id FROM orders UNION ALL SELECT name FROM customers", "name", "cast one"),
        ("SELECT CASE WHEN id > 1 THEN 'a' ELSE 1 END AS c FROM orders", "id > 1", "cast one"),
        ("SELECT id FROM customers WHERE id IN ('a')", "id IN ('a'", "cast one"),
        ("SELECT coalesce(id, 'a') AS c FROM orders", "coalesce", "cast one"),
        ("SELECT current_user AS u, id FROM orders", "u", "$name"),
        ("SELECT id FROM orders ORDER BY id LIMIT ALL", "i", "row_number()"),
        ("SELECT name.upper() AS u FROM customers", "name.upper", "upper(name)"),
        ("SELECT name.left(2) AS u FROM customers", "name.left", "left(name, …)"),
        ("SELECT e'a\\n' AS t FROM orders", "e'a\\n'", "chr(10)"),
        ("SELECT id FROM customers WHERE name GLOB 'a*'", "name GLOB 'a*'", "LIKE"),
        ("SELECT tags[1:3:2] AS t FROM customers", "tags[1:3:2", "list_filter"),
        ("SELECT string_agg(name, NULL ORDER BY id) AS t FROM customers", "name, NULL", "itself"),
        (
            "SELECT id FROM orders UNPIVOT ((v, w) FOR n IN ((id, customer) AS 'a'))",
            "v, w",
            "UNION ALL",
        ),
    ],
)
def test_what_is_not_portable_is_told_where_it_is_and_what_to_write(sql, at, hint):
    found = refused(sql)
    assert found.offset is not None
    assert sql[found.offset :].startswith(at)
    assert hint in str(found.hint)


def test_a_full_join_over_other_conditions_is_written_as_two_joins():
    sql = "SELECT a.id AS a, b.id AS b FROM orders a FULL JOIN orders b ON a.id < b.id"
    assert "ANTI JOIN" in str(refused(sql, "postgres").hint)


def test_a_text_between_dollars_is_a_text():
    sql = "SELECT id FROM customers WHERE name = $$it's$$ OR name LIKE $t$%$$%$t$"
    for engine in ("duckdb", "postgres", "spark"):
        plain = "SELECT id FROM customers WHERE name = 'it''s' OR name LIKE '%$$%'"
        assert compile_query(sql, SCHEMAS, engine) == compile_query(plain, SCHEMAS, engine)
