"""Set operations, and queries that read themselves."""

from __future__ import annotations

from penstock.dialects.base import Gap
from penstock.dialects.portable.clauses import Clause, everywhere

CLAUSES = (
    Clause(
        "union_all",
        "UNION ALL",
        "The rows of both; columns by their place, in the common type of both sides.",
        "SELECT x, y FROM t_a UNION ALL SELECT x, y FROM t_b",
        cases=("SELECT x FROM t_a UNION ALL (SELECT x FROM t_b ORDER BY x DESC LIMIT 1)",),
    ),
    Clause(
        "union",
        "UNION",
        "Each row of both once; NULLs are equal.",
        "SELECT x, y FROM t_a UNION SELECT x, y FROM t_b",
    ),
    Clause(
        "except",
        "EXCEPT",
        "Each row of the first that the second has not, once.",
        "SELECT x, y FROM t_a EXCEPT SELECT x, y FROM t_b",
    ),
    Clause(
        "except_all",
        "EXCEPT ALL",
        "The rows of the first, one less for each equal row of the second.",
        "SELECT x, y FROM t_a EXCEPT ALL SELECT x, y FROM t_b",
    ),
    Clause(
        "intersect",
        "INTERSECT",
        "Each row that both have, once.",
        "SELECT x, y FROM t_a INTERSECT SELECT x, y FROM t_b",
        cases=("SELECT x FROM t_a UNION SELECT x FROM t_b INTERSECT SELECT 5",),
    ),
    Clause(
        "intersect_all",
        "INTERSECT ALL",
        "The rows that both have, as often as the one that has them seldomer.",
        "SELECT x, y FROM t_a INTERSECT ALL SELECT x, y FROM t_b",
    ),
    Clause(
        "by_name",
        "UNION [ALL] BY NAME",
        "Columns by their names: those of the first side, then the second's others; NULL where a "
        "side has none.",
        "SELECT x, y FROM t_a UNION ALL BY NAME SELECT y, x, g FROM t_b",
        everywhere("the columns by name"),
        cases=("SELECT x FROM t_a UNION BY NAME SELECT y FROM t_b",),
    ),
    Clause(
        "common_types",
        "types of a set operation",
        "Whole numbers, decimals and doubles meet in the one that holds both; other types that "
        "differ are refused.",
        "SELECT 1 AS x UNION ALL SELECT 2.50 UNION ALL SELECT NULL",
        everywhere("casts"),
        cases=(
            "SELECT i AS n FROM t_num UNION SELECT b FROM t_num",
            "SELECT d AS n FROM t_num WHERE d < 4 UNION ALL SELECT i FROM t_num WHERE i < 4",
            "SELECT NULL AS n UNION ALL SELECT 'a'",
        ),
    ),
    Clause(
        "recursive",
        "WITH RECURSIVE",
        "Its first part, then the second over the rows of the step before until there are none.",
        "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) "
        "SELECT n FROM r",
        {"spark": Gap("notyet", "PSK-PORT-020", "Spark 3.5 has no recursive queries")},
        cases=(
            (
                "WITH RECURSIVE r (n, name) AS (SELECT 1, 'a' UNION SELECT n + 1, name || 'b' FROM r "
                "WHERE n < 3) SELECT n, name FROM r"
            ),
        ),
    ),
)
