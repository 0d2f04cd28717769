"""Groups."""

from __future__ import annotations

from penstock.dialects.portable.clauses import Clause, everywhere

CLAUSES = (
    Clause(
        "group_by",
        "GROUP BY",
        "A row for each different key, NULL among them; without a row none.",
        "SELECT region, sum(qty) AS s FROM t_sales GROUP BY region",
        cases=(
            "SELECT x + 1 AS k, count(*) AS n FROM t_a GROUP BY x + 1",
            "SELECT region, count(*) AS n FROM t_sales WHERE qty > 99 GROUP BY region",
            "SELECT f, count(*) AS n FROM t_num GROUP BY f",
        ),
    ),
    Clause(
        "group_by_position",
        "GROUP BY a column's number or name",
        "The output's expression.",
        "SELECT region || '!' AS r, yr, count(*) AS n FROM t_sales GROUP BY 1, yr",
        everywhere("its expression"),
        cases=("SELECT region || '!' AS r, count(*) AS n FROM t_sales GROUP BY r",),
    ),
    Clause(
        "group_by_all",
        "GROUP BY ALL",
        "Grouped by every output without an aggregate.",
        "SELECT region, yr + 1 AS next, sum(amt) AS s FROM t_sales GROUP BY ALL",
        everywhere("the columns by name"),
        cases=("SELECT 'k' AS k, count(*) AS n FROM t_sales GROUP BY ALL",),
    ),
    Clause(
        "group_by_nothing",
        "an aggregate without GROUP BY, GROUP BY ()",
        "One row, also of no rows.",
        "SELECT count(*) AS n, sum(qty) AS s FROM t_sales WHERE qty > 99",
        cases=("SELECT count(*) AS n FROM t_sales WHERE qty > 99 GROUP BY ()",),
    ),
    Clause(
        "grouping_sets",
        "GROUPING SETS",
        "The rows of several GROUP BY; keys that a set leaves out are NULL. Of no rows none, not "
        "even a total.",
        "SELECT region, yr, sum(qty) AS s FROM t_sales GROUP BY GROUPING SETS ((region), (yr), ())",
        cases=(
            "SELECT count(*) AS n FROM t_sales WHERE qty > 99 GROUP BY GROUPING SETS ((), ())",
            (
                "SELECT region, yr, count(*) AS n FROM t_sales "
                "GROUP BY GROUPING SETS ((region, yr), (region))"
            ),
            "SELECT 1 AS one, sum(qty) AS s FROM t_sales GROUP BY GROUPING SETS ((1), ())",
            "SELECT 1 AS one, sum(qty) AS s FROM t_sales GROUP BY CUBE (1)",
        ),
    ),
    Clause(
        "rollup",
        "ROLLUP",
        "Groups by all keys, by all but the last, …, by none.",
        "SELECT region, yr, sum(qty) AS s FROM t_sales GROUP BY ROLLUP (region, yr)",
        cases=(
            "SELECT CASE WHEN grouping(region) = 1 THEN 'all' ELSE region END AS r, sum(qty) AS s FROM t_sales GROUP BY ROLLUP (region) ORDER BY r",
            "SELECT region, count(*) AS n FROM t_sales WHERE qty > 99 GROUP BY ROLLUP (region)",
            (
                "SELECT region, yr, product, count(*) AS n FROM t_sales GROUP BY region, "
                "ROLLUP (yr, product)"
            ),
        ),
    ),
    Clause(
        "cube",
        "CUBE",
        "Groups by every choice of the keys.",
        "SELECT region, product, sum(qty) AS s FROM t_sales GROUP BY CUBE (region, product)",
        cases=(
            "SELECT region, product, count(*) AS n FROM t_sales GROUP BY CUBE (region, product) HAVING n > 1 ORDER BY ALL",
        ),
    ),
    Clause(
        "grouping",
        "GROUPING(…), GROUPING_ID(…)",
        "A bit for each key, the last the lowest: 1 where the row's set leaves it out. A bigint.",
        "SELECT region, yr, grouping(region) AS a, grouping(yr, region) AS b, grouping_id(region, yr) "
        "AS c, count(*) AS n FROM t_sales GROUP BY CUBE (region, yr)",
        {"spark": "bits put together"},
    ),
    Clause(
        "having",
        "HAVING",
        "Keeps the groups for which it is true.",
        "SELECT region, count(*) AS n FROM t_sales GROUP BY region HAVING count(*) > 2",
        cases=(
            "SELECT region, sum(qty) AS total FROM t_sales GROUP BY region HAVING total > 9",
            "SELECT sum(qty) AS s FROM t_sales HAVING sum(qty) > 1000",
        ),
    ),
    Clause(
        "filter",
        "FILTER (WHERE …)",
        "An aggregate of the rows for which it is true.",
        "SELECT region, count(*) FILTER (WHERE qty > 2) AS n, sum(amt) FILTER (WHERE yr = 2023) AS s "
        "FROM t_sales GROUP BY region",
    ),
    Clause(
        "pivot",
        "PIVOT",
        "A column for each value that is named, of the rows that have it; one for each aggregate. "
        "Grouped by GROUP BY, or by every other column.",
        "PIVOT (SELECT region, yr, amt FROM t_sales) ON yr IN (2023, 2024) USING sum(amt) "
        "GROUP BY region",
        everywhere("an aggregate with FILTER for each value"),
        cases=(
            'WITH p AS (PIVOT t_sales ON yr IN (2023, 2024) USING sum(qty) GROUP BY region) SELECT region, "2023" AS a FROM p',
            (
                "SELECT * FROM (SELECT region, yr, amt FROM t_sales) PIVOT (sum(amt) AS s, count(*) AS n "
                "FOR yr IN (2023 AS last, 2024))"
            ),
            (
                "FROM (PIVOT t_sales ON product IN ('p', 'q') USING count(*) GROUP BY region, yr) "
                "SELECT region, p, q"
            ),
            "PIVOT (SELECT yr, amt FROM t_sales) ON yr IN (2023) USING sum(amt) AS total",
        ),
    ),
    Clause(
        "unpivot",
        "UNPIVOT",
        "A row for each column that is named, with its name and its value; NULLs are left out unless "
        "INCLUDE NULLS is said.",
        "SELECT product, name, value FROM (SELECT product, qty, yr FROM t_sales) "
        "UNPIVOT (value FOR name IN (qty, yr))",
        everywhere("CASE over a row for each name"),
        cases=(
            "UNPIVOT (SELECT product, qty, amt FROM t_sales) ON qty, amt INTO NAME what VALUE much",
            "UNPIVOT (SELECT product, qty, yr FROM t_sales) ON qty AS q, yr INTO NAME what VALUE much",
            "SELECT y, n, v FROM t_b UNPIVOT INCLUDE NULLS (v FOR n IN (x, g AS 'G'))",
            "SELECT n FROM t_b UNPIVOT ((v, w) FOR n IN ((x, g) AS 'both'))",
            (
                "SELECT p.what, p.much FROM t_sales UNPIVOT (much FOR what IN (qty AS 'Q', yr AS 'Y')) "
                "AS p WHERE p.product = 'p'"
            ),
        ),
    ),
)
