"""Columns, rows, and their order."""

from __future__ import annotations

from penstock.dialects.portable.clauses import Clause, everywhere

_SUBQUERY = "a condition on a subquery"
_NAMED = "the columns by name"

CLAUSES = (
    Clause(
        "select",
        "SELECT",
        "Expressions over the rows of FROM; without FROM one row.",
        "SELECT i, i + 1 AS more FROM t_num WHERE i < 5",
        cases=("SELECT 1 AS one, 'a' AS a", "SELECT NULL AS nothing, 1 AS one"),
    ),
    Clause(
        "alias",
        "AS",
        "Names a column or a table; a name in quotes may hold any characters but capital letters.",
        'SELECT t.i AS n, t.j "two words" FROM t_num AS t WHERE t.i > 1',
    ),
    Clause(
        "reserved_names",
        "reserved words as names",
        "Every name is written in quotes, so `order`, `select`, `group` are names as others.",
        'SELECT i AS "order", j AS "select", "order" + 1 AS "group" FROM t_num WHERE i BETWEEN 2 AND 9',
    ),
    Clause(
        "lateral_alias",
        "a column's name in later columns",
        "Stands for its expression in later columns, in WHERE, GROUP BY, HAVING, QUALIFY and ORDER "
        "BY; a column of FROM with that name comes first, except in ORDER BY.",
        "SELECT qty * 2 AS twice, twice + 1 AS more FROM t_sales WHERE twice > 4",
        everywhere("its expression"),
        cases=(
            (
                "SELECT upper_qty AS q, count(*) AS n FROM (SELECT qty + 1 AS upper_qty FROM t_sales) "
                "GROUP BY q HAVING n >= 1"
            ),
            "SELECT region, -qty AS qty FROM t_sales ORDER BY qty, region",
            "SELECT g + 1 AS k, sum(qty) AS qty FROM t_sales GROUP BY k HAVING sum(qty) > 5",
        ),
    ),
    Clause(
        "star",
        "*",
        "Every column of every table in FROM, in their order.",
        "SELECT * FROM t_b",
        everywhere(_NAMED),
        cases=("SELECT b.*, a.x AS ax FROM t_a a JOIN t_b b ON a.x = b.x",),
    ),
    Clause(
        "exclude",
        "* EXCLUDE",
        "Every column but these; naming one that is not there is refused.",
        "SELECT * EXCLUDE (g, x) FROM t_b",
        everywhere(_NAMED),
        cases=("SELECT a.* EXCLUDE (g), b.* EXCLUDE (g, x) FROM t_a a JOIN t_b b USING (x)",),
    ),
    Clause(
        "replace",
        "* REPLACE",
        "Every column, some of them with another expression.",
        "SELECT * REPLACE (x + 1 AS x) FROM t_b",
        everywhere(_NAMED),
        cases=(
            "SELECT * REPLACE (x * 10 AS x) FROM t_a JOIN (SELECT x, g AS z FROM t_b) AS b USING (x)",
            (
                "SELECT * EXCLUDE (y) REPLACE (coalesce(x, 0) AS x) RENAME (z AS w) "
                "FROM t_a NATURAL FULL JOIN (SELECT x, g AS z FROM t_b)"
            ),
            "SELECT * REPLACE (x * 10 AS x) FROM t_a JOIN t_b USING (x)",
        ),
    ),
    Clause(
        "rename",
        "* RENAME",
        "Every column, some of them under another name.",
        "SELECT * RENAME (x AS k) FROM t_b",
        everywhere(_NAMED),
        cases=("SELECT * EXCLUDE (g) REPLACE (x * 2 AS x) RENAME (y AS label) FROM t_b",),
    ),
    Clause(
        "from_first",
        "FROM … SELECT",
        "FROM may come first; without SELECT it gives every column.",
        "FROM t_b SELECT x WHERE x > 1",
        everywhere("SELECT … FROM"),
        cases=("FROM t_b",),
    ),
    Clause(
        "prefix_alias",
        "name: expression",
        "The same as AS.",
        "SELECT more: x + 1, x FROM t_b",
        everywhere("AS"),
    ),
    Clause(
        "distinct",
        "SELECT DISTINCT",
        "Each row once; NULLs are equal, 0.0 and -0.0 are, NaNs are.",
        "SELECT DISTINCT x, y FROM t_a",
        cases=(
            "SELECT DISTINCT status FROM t_evt ORDER BY status DESC",
            "SELECT DISTINCT f FROM t_num",
        ),
    ),
    Clause(
        "distinct_on",
        "SELECT DISTINCT ON",
        "The first row of each group in the order of ORDER BY, which it needs.",
        "SELECT DISTINCT ON (cust) cust, eid, amt FROM t_evt ORDER BY cust, amt DESC, eid",
        everywhere("row_number() in a subquery"),
        cases=(
            (
                "SELECT DISTINCT ON (region, product) region, product, qty FROM t_sales "
                "ORDER BY qty DESC NULLS LAST"
            ),
            "SELECT DISTINCT ON (k) g + 1 AS k, eid FROM t_evt ORDER BY eid DESC LIMIT 2",
            "SELECT DISTINCT ON (g % 2) x, g FROM t_a ORDER BY g % 2, x DESC, g",
            "SELECT DISTINCT ON (abs(x)) -x AS x, y FROM t_a ORDER BY abs(x), y, g",
        ),
    ),
    Clause(
        "where",
        "WHERE",
        "Keeps the rows for which it is true; NULL is not true.",
        "SELECT i FROM t_num WHERE i > 1 OR j = 3",
    ),
    Clause(
        "qualify",
        "QUALIFY",
        "Keeps the rows for which a condition over windows is true.",
        "SELECT eid, cust, amt FROM t_evt QUALIFY row_number() OVER (PARTITION BY cust "
        "ORDER BY ts DESC NULLS LAST, eid) = 1",
        everywhere(_SUBQUERY),
        cases=(
            (
                "SELECT eid, row_number() OVER (ORDER BY eid DESC) AS n FROM t_evt QUALIFY n <= 2 "
                "ORDER BY n"
            ),
            (
                "SELECT cust, sum(amt) AS total FROM t_evt GROUP BY cust "
                "QUALIFY rank() OVER (ORDER BY sum(amt) DESC NULLS LAST) <= 3"
            ),
            (
                "SELECT DISTINCT cust FROM t_evt QUALIFY lag(amt) OVER (PARTITION BY cust "
                "ORDER BY eid) < amt ORDER BY cust LIMIT 3"
            ),
        ),
    ),
    Clause(
        "order_by",
        "ORDER BY",
        "Rows in the order of its keys, NULLs last in both directions; texts by code point; NaN is "
        "greater than every number; names and numbers of outputs come before columns, but not inside an "
        "expression.",
        "SELECT status, eid FROM t_evt ORDER BY status, eid",
        cases=(
            "SELECT f FROM t_num ORDER BY f DESC",
            "SELECT eid, amt FROM t_evt ORDER BY amt DESC, 1",
            "SELECT status || '!' AS s, eid FROM t_evt ORDER BY s, eid",
            "SELECT x, y FROM t_a UNION SELECT x, y FROM t_b ORDER BY y DESC, 1",
            "SELECT region AS r, count(*) AS n FROM t_sales GROUP BY region ORDER BY n DESC, r",
            "SELECT region AS r, qty FROM t_sales ORDER BY r || '!' DESC, qty",
            "SELECT -x AS x, y, g FROM t_a ORDER BY x + 1, g LIMIT 3",
            "SELECT g AS k, max(x) AS g FROM t_a GROUP BY k ORDER BY g + 0 LIMIT 2",
            "SELECT -x AS x, b.y FROM t_a FULL JOIN t_b AS b USING (x) ORDER BY x + 1, b.g, t_a.g",
        ),
    ),
    Clause(
        "nulls_first",
        "NULLS FIRST, NULLS LAST",
        "Where NULLs come in an order, whatever its direction.",
        "SELECT x FROM t_a ORDER BY x NULLS FIRST, g",
        cases=(
            "SELECT x FROM t_a ORDER BY x DESC NULLS FIRST, g",
            "SELECT y FROM t_a ORDER BY y DESC NULLS LAST, g",
        ),
    ),
    Clause(
        "order_by_all",
        "ORDER BY ALL",
        "Ordered by every output, from left to right.",
        "SELECT y, x FROM t_a ORDER BY ALL",
        everywhere(_NAMED),
        cases=("SELECT y, x FROM t_a ORDER BY ALL DESC",),
    ),
    Clause(
        "limit",
        "LIMIT",
        "The first rows of an order, which it needs; a number that is written in the SQL.",
        "SELECT eid FROM t_evt ORDER BY amt, eid LIMIT 3",
        cases=(
            "(SELECT eid FROM t_evt) ORDER BY eid DESC LIMIT 2",
            "SELECT eid FROM t_evt ORDER BY eid LIMIT 0",
            "SELECT x FROM t_a UNION ALL SELECT x FROM t_b ORDER BY x LIMIT 4",
            "SELECT sum(eid) AS s FROM (SELECT eid FROM t_evt ORDER BY eid DESC LIMIT 2)",
        ),
    ),
    Clause(
        "offset",
        "OFFSET",
        "Leaves out the first rows of an order, which it needs.",
        "SELECT eid FROM t_evt ORDER BY eid LIMIT 2 OFFSET 3",
        cases=("SELECT eid FROM t_evt ORDER BY eid OFFSET 22",),
    ),
    Clause(
        "fetch",
        "FETCH FIRST n ROWS ONLY",
        "The same as LIMIT.",
        "SELECT eid FROM t_evt ORDER BY eid FETCH FIRST 2 ROWS ONLY",
        everywhere("LIMIT"),
    ),
    Clause(
        "with",
        "WITH",
        "Names a query for the ones behind it and the main one; names hide tables.",
        "WITH a AS (SELECT x FROM t_a), b AS (SELECT x + 1 AS x FROM a) SELECT x FROM b",
        cases=(
            "WITH t_a AS (SELECT 7 AS x) SELECT x FROM t_a",
            "SELECT x FROM (WITH a AS (SELECT x FROM t_b) SELECT x FROM a) AS inner_one",
            "WITH a AS (SELECT x FROM t_a) SELECT x FROM a UNION ALL SELECT x FROM a ORDER BY x",
        ),
    ),
    Clause(
        "with_columns",
        "WITH name (columns)",
        "Names the columns too.",
        "WITH a (key, label) AS (SELECT x, y FROM t_a) SELECT key, label FROM a",
        everywhere("AS in the query"),
    ),
    Clause(
        "materialized",
        "WITH … AS [NOT] MATERIALIZED",
        "A hint that changes no row: left out.",
        "WITH a AS MATERIALIZED (SELECT x FROM t_a) SELECT x FROM a",
        everywhere("left out"),
    ),
    Clause(
        "values",
        "VALUES",
        "Rows that are written down; a column's values meet in their common type.",
        "SELECT a, b FROM (VALUES (1, 'x'), (2.5, NULL)) AS v (a, b)",
        cases=("VALUES (1, 'a'), (2, 'b')", "SELECT col0 + 1 AS n FROM (VALUES (1), (2)) AS v"),
    ),
    Clause(
        "subquery_from",
        "a query in FROM",
        "Its rows as a table; the name may be left out.",
        "SELECT n FROM (SELECT x + 1 AS n FROM t_a) WHERE n > 2",
    ),
    Clause(
        "scalar_subquery",
        "a query as a value",
        "The one value of a query; NULL of no row; more than one row fails.",
        "SELECT eid, (SELECT max(cust) FROM t_dim) AS most FROM t_evt WHERE eid < 3",
        cases=("SELECT (SELECT x FROM t_a WHERE x > 99) AS nothing",),
    ),
    Clause(
        "correlated_subquery",
        "a query as a value, with columns of the query around it",
        "An aggregate of the rows that are equal in some columns; count is 0 of none.",
        "SELECT d.cust, (SELECT count(*) FROM t_evt e WHERE e.cust = d.cust) AS n, (SELECT "
        "sum(e.amt) FROM t_evt e WHERE e.cust = d.cust AND e.eid > 3) AS total FROM t_dim d",
    ),
    Clause(
        "exists",
        "EXISTS",
        "Whether a query gives a row; never NULL.",
        "SELECT cust FROM t_dim d WHERE EXISTS (SELECT 1 FROM t_evt e WHERE e.cust = d.cust AND "
        "e.amt > 100)",
        cases=(
            "SELECT eid FROM t_evt e WHERE EXISTS (SELECT 1 FROM t_dim d WHERE d.cust = e.cust AND EXISTS (SELECT 1 FROM t_a a WHERE a.x = d.cust))",
            "SELECT cust FROM t_dim d WHERE NOT EXISTS (SELECT 1 FROM t_evt e WHERE e.cust = d.cust)",
            "SELECT cust, EXISTS (SELECT 1 FROM t_evt e WHERE e.cust = d.cust) AS seen FROM t_dim d",
        ),
    ),
    Clause(
        "in_subquery",
        "IN (query)",
        "True where a row equals; otherwise NULL where the value or a row is NULL; false of no row.",
        "SELECT cust, cust IN (SELECT x FROM t_a) AS one, cust NOT IN (SELECT x FROM t_a WHERE x "
        "IS NOT NULL) AS two, cust IN (SELECT x FROM t_a WHERE x > 99) AS three FROM t_dim",
        cases=(
            "SELECT cust FROM t_dim WHERE cust IN (SELECT x FROM t_a)",
            "SELECT cust FROM t_dim WHERE cust NOT IN (SELECT x FROM t_a)",
            "SELECT cust FROM t_dim WHERE cust NOT IN (SELECT x FROM t_a WHERE x IS NOT NULL)",
            "SELECT cust FROM t_dim WHERE cust IN (SELECT x FROM t_a) OR name = 'Nope'",
            "SELECT cust FROM t_dim WHERE (cust IN (SELECT x FROM t_a)) IS NULL",
        ),
    ),
    Clause(
        "any_all",
        "comparison with ANY or ALL (query)",
        "ANY is true where it holds for one row, ALL where for each; NULL where a NULL leaves it open.",
        "SELECT x, x = ANY (SELECT x FROM t_b) AS a, x > ANY (SELECT x FROM t_b) AS b, x < ALL "
        "(SELECT x FROM t_b WHERE x IS NOT NULL) AS c, x >= ALL (SELECT x FROM t_b) AS d, "
        "x <> ALL (SELECT x FROM t_b WHERE x > 2) AS e, x > ALL (SELECT x FROM t_b WHERE x > 99) "
        "AS f FROM t_a",
        everywhere("IN, or a comparison with the least or greatest"),
    ),
)
