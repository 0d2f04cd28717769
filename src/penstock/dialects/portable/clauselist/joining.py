"""Joins, and lists as rows."""

from __future__ import annotations

from penstock.dialects.base import Gap
from penstock.dialects.portable.clauses import Clause, everywhere

_COALESCED = "ON, with the first value that is not NULL"

CLAUSES = (
    Clause(
        "inner_join",
        "JOIN … ON",
        "The pairs of rows for which it is true; NULL equals nothing.",
        "SELECT a.x, a.g AS ag, b.g AS bg FROM t_a a JOIN t_b b ON a.x = b.x AND a.y = b.y",
        cases=(
            "SELECT a.x, b.x AS bx FROM t_a a JOIN t_b b ON a.x < b.x",
            "SELECT a.x, b.x AS bx FROM t_a a JOIN t_b b ON a.x IS NOT DISTINCT FROM b.x",
        ),
    ),
    Clause(
        "left_join",
        "LEFT JOIN",
        "And the left rows without a partner, with NULLs.",
        "SELECT a.x, a.g, b.y FROM t_a a LEFT JOIN t_b b ON a.x = b.x",
        cases=("SELECT a.x, b.y FROM t_a a LEFT JOIN t_b b ON a.x = b.x AND b.y = 'a'",),
    ),
    Clause(
        "right_join",
        "RIGHT JOIN",
        "And the right rows without a partner, with NULLs.",
        "SELECT a.x, b.x AS bx FROM t_a a RIGHT JOIN t_b b ON a.x = b.x",
    ),
    Clause(
        "full_join",
        "FULL JOIN",
        "And the rows of both without a partner; over equal columns.",
        "SELECT a.x AS ax, b.x AS bx, a.y FROM t_a a FULL JOIN t_b b ON a.x = b.x AND a.y = b.y",
    ),
    Clause(
        "full_join_other",
        "FULL JOIN over other conditions",
        "The same over any condition.",
        "SELECT a.x AS ax, b.x AS bx FROM t_a a FULL JOIN t_b b ON a.x IS NOT DISTINCT FROM b.x",
        {
            "postgres": Gap(
                "never", "PSK-PORT-020", "PostgreSQL does a FULL JOIN over equal columns only"
            )
        },
        cases=("SELECT a.x AS ax, b.x AS bx FROM t_a a FULL JOIN t_b b ON a.x < b.x",),
    ),
    Clause(
        "cross_join",
        "CROSS JOIN, a comma",
        "Every pair of rows.",
        "SELECT a.x, b.x AS bx FROM t_a a CROSS JOIN t_b b",
        cases=("SELECT a.x, b.x AS bx FROM t_a a, t_b b WHERE a.x = b.x",),
    ),
    Clause(
        "using",
        "JOIN … USING",
        "Equal in the columns of these names, which come once: the value of the side that has one.",
        "SELECT x, a.y, b.g FROM t_a a JOIN t_b b USING (x)",
        everywhere(_COALESCED),
        cases=(
            "SELECT e.eid, x FROM t_evt e JOIN t_dim d USING (cust) JOIN t_a a ON a.x = cust JOIN t_b b USING (x)",
            "SELECT x, a.y, b.y AS by FROM t_a a FULL JOIN t_b b USING (x)",
            "SELECT * EXCLUDE (g) FROM t_a a LEFT JOIN (SELECT x, y FROM t_b) b USING (x, y)",
        ),
    ),
    Clause(
        "natural_join",
        "NATURAL JOIN",
        "USING the columns that both have.",
        "SELECT x, y, d.cust FROM t_a NATURAL JOIN (SELECT x, y FROM t_b) b CROSS JOIN (SELECT cust "
        "FROM t_dim WHERE cust = 1) d",
        everywhere(_COALESCED),
        cases=("SELECT x FROM (SELECT x FROM t_a) a NATURAL LEFT JOIN (SELECT x FROM t_b) b",),
    ),
    Clause(
        "semi_join",
        "SEMI JOIN",
        "The left rows that have a partner, each once.",
        "SELECT a.x, a.g FROM t_a a SEMI JOIN t_b b ON a.x = b.x",
        everywhere("EXISTS"),
        cases=(
            "SELECT cust FROM t_evt SEMI JOIN t_dim USING (cust) JOIN t_a a ON a.x = cust",
            "SELECT * FROM t_a a SEMI JOIN t_b b ON a.x = b.x ANTI JOIN t_dim d ON d.cust = a.x + 1",
            "SELECT * FROM t_a SEMI JOIN t_b USING (x, y)",
            "SELECT a.id FROM t_num a SEMI JOIN t_str b ON a.id = b.id AND b.s IS NOT NULL",
        ),
    ),
    Clause(
        "anti_join",
        "ANTI JOIN",
        "The left rows that have no partner; a NULL key has none.",
        "SELECT a.x, a.g FROM t_a a ANTI JOIN t_b b ON a.x = b.x",
        everywhere("NOT EXISTS"),
        cases=(
            "SELECT eid FROM t_evt e ANTI JOIN t_dim d USING (cust) WHERE e.amt > 0",
            (
                "WITH g AS (SELECT id AS k FROM t_str WHERE id > 5) "
                "SELECT id FROM t_num ANTI JOIN g ON g = g.k OR id = g.k"
            ),
        ),
    ),
    Clause(
        "asof_join",
        "ASOF JOIN",
        "The nearest row of the right table by one condition with >=, >, <= or <, equal in the "
        "others. Of rows that tie the last in the order of the right table's columns.",
        "SELECT e.eid, q.px FROM t_evt e ASOF JOIN t_quote q ON e.status = q.sym AND e.ts >= q.qts",
        everywhere("LEAD() gives until when a row holds"),
        cases=(
            (
                "SELECT e.eid, q.px, q.qts FROM t_evt e ASOF LEFT JOIN t_quote q ON e.status = q.sym "
                "AND e.ts >= q.qts"
            ),
            (
                "SELECT e.eid, q.px FROM t_evt e ASOF LEFT JOIN t_quote q ON e.status = q.sym "
                "AND e.ts <= q.qts"
            ),
            (
                "SELECT e.eid, q.px FROM t_evt e ASOF JOIN (SELECT qts, px FROM t_quote) q "
                "ON e.ts > q.qts"
            ),
            (
                "WITH tied AS (SELECT sym, qts, px FROM t_quote UNION ALL SELECT sym, qts, px + 1 "
                "FROM t_quote) SELECT e.eid, q.px FROM t_evt e ASOF JOIN tied q ON e.status = q.sym "
                "AND q.qts < e.ts"
            ),
        ),
    ),
    Clause(
        "lateral_columns",
        "LATERAL (SELECT expressions)",
        "Columns computed from each row of the left side.",
        "SELECT a.x, l.more FROM t_a a, LATERAL (SELECT a.x + 1 AS more) l",
        cases=(
            "SELECT a.x, l.more FROM t_a a LEFT JOIN LATERAL (SELECT a.x * 2 AS more) l ON TRUE",
        ),
    ),
    Clause(
        "lateral_first_rows",
        "LATERAL (SELECT … ORDER BY … LIMIT n)",
        "The first rows of a query for each row of the left side, joined by equal columns.",
        "SELECT d.cust, l.eid FROM t_dim d, LATERAL (SELECT e.eid FROM t_evt e WHERE e.cust = d.cust "
        "ORDER BY e.amt DESC, e.eid LIMIT 2) l",
        everywhere("row_number() in a subquery"),
        cases=(
            (
                "SELECT d.cust, l.n FROM t_dim d LEFT JOIN LATERAL (SELECT e.eid AS n FROM t_evt e WHERE "
                "e.cust = d.cust AND e.amt > 0 ORDER BY n DESC LIMIT 1) l ON TRUE"
            ),
        ),
    ),
    Clause(
        "unnest",
        "unnest(list) in FROM",
        "A row for each element, NULLs too; an empty or NULL list has none.",
        "SELECT t.id, u.x FROM t_arr t, unnest(t.a) AS u (x)",
        {"spark": "EXPLODE in a lateral query"},
        cases=(
            "SELECT t.id, u.x FROM t_arr t LEFT JOIN unnest(t.tags) AS u (x) ON TRUE",
            "SELECT u.x FROM unnest([3, 1, NULL]) AS u (x)",
            (
                "SELECT t.id, u.x, v.y FROM t_arr t CROSS JOIN unnest(t.a) AS u (x) CROSS JOIN "
                "unnest(t.tags) AS v (y) WHERE u.x > 1"
            ),
        ),
    ),
    Clause(
        "ordinality",
        "unnest(list) WITH ORDINALITY",
        "And the place of each element, from 1 on.",
        "SELECT t.id, u.x, u.place FROM t_arr t, unnest(t.a) WITH ORDINALITY AS u (x, place)",
        {"spark": "INLINE over pairs"},
    ),
    Clause(
        "series",
        "range(…), generate_series(…) in FROM",
        "The elements of the list of that name as rows.",
        "SELECT r.n FROM range(1, 5) AS r (n)",
        everywhere("the list as rows"),
        cases=(
            "SELECT n FROM generate_series(5, 1, -2) AS r (n)",
            (
                "SELECT d FROM generate_series(DATE '2024-02-28', DATE '2024-03-01', INTERVAL 1 DAY) AS "
                "r (d)"
            ),
            "SELECT t.id, r.n FROM t_arr t, range(t.id) AS r (n)",
        ),
    ),
)
