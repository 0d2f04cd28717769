"""Windows and their frames."""

from __future__ import annotations

from penstock.dialects.base import Gap
from penstock.dialects.portable.clauses import Clause, everywhere

NO_GROUPS = Gap("notyet", "PSK-PORT-020", "Spark's frames are ROWS and RANGE")
NO_EXCLUDE = Gap("notyet", "PSK-PORT-020", "Spark's frames leave out no rows")

CLAUSES = (
    Clause(
        "over",
        "OVER (PARTITION BY … ORDER BY …)",
        "An aggregate or window function over the rows of the partition; with ORDER BY up to the row "
        "and its peers.",
        "SELECT eid, sum(amt) OVER (PARTITION BY cust ORDER BY eid) AS running, count(*) OVER () AS "
        "n FROM t_evt",
        cases=(
            (
                "SELECT eid, sum(eid) OVER (ORDER BY cust) AS s, count(amt) OVER (PARTITION BY status) "
                "AS n FROM t_evt"
            ),
            "SELECT cust, sum(sum(amt)) OVER (ORDER BY cust) AS s FROM t_evt GROUP BY cust",
        ),
    ),
    Clause(
        "window_filter",
        "FILTER beside OVER",
        "An aggregate over the window's rows for which it is true.",
        "SELECT eid, sum(amt) FILTER (WHERE amt > 0) OVER (PARTITION BY cust ORDER BY eid) AS s "
        "FROM t_evt",
        everywhere("CASE inside the aggregate"),
        cases=(
            "SELECT eid, count(*) FILTER (WHERE amt > 0) OVER (PARTITION BY cust) AS n FROM t_evt",
        ),
    ),
    Clause(
        "named_window",
        "WINDOW name AS (…)",
        "A window that several functions name; a window may add an order or a frame to it.",
        "SELECT eid, row_number() OVER w AS n, sum(amt) OVER (w ROWS BETWEEN 1 PRECEDING AND CURRENT "
        "ROW) AS s FROM t_evt WINDOW w AS (PARTITION BY cust ORDER BY eid)",
        everywhere("its definition"),
        cases=(
            "SELECT x, sum(x) OVER w AS s FROM t_a WINDOW v AS (PARTITION BY y), w AS (v ORDER BY x, g)",
        ),
    ),
    Clause(
        "rows_frame",
        "ROWS BETWEEN … AND …",
        "Rows before and behind, by their number in the order.",
        "SELECT eid, sum(amt) OVER (ORDER BY eid ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING) AS s "
        "FROM t_evt",
        cases=(
            (
                "SELECT eid, sum(amt) OVER (ORDER BY eid ROWS BETWEEN UNBOUNDED PRECEDING AND 1 "
                "PRECEDING) AS s FROM t_evt"
            ),
            "SELECT eid, count(*) OVER (ORDER BY eid ROWS 3 PRECEDING) AS n FROM t_evt",
        ),
    ),
    Clause(
        "range_frame",
        "RANGE BETWEEN … AND …",
        "Rows whose one key is within a distance: a number of a number, an interval of a time, "
        "an interval or a number of days of a date.",
        "SELECT eid, count(*) OVER (ORDER BY cust RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS n "
        "FROM t_evt",
        cases=(
            (
                "SELECT eid, sum(amt) OVER (PARTITION BY g ORDER BY ts RANGE BETWEEN INTERVAL 12 HOUR "
                "PRECEDING AND CURRENT ROW) AS s FROM t_evt"
            ),
            (
                "SELECT id, count(*) OVER (ORDER BY d RANGE BETWEEN INTERVAL 30 DAY PRECEDING AND "
                "INTERVAL 30 DAY FOLLOWING) AS n FROM t_dt"
            ),
            (
                "SELECT id, count(*) OVER (ORDER BY d DESC RANGE BETWEEN 2 PRECEDING AND 30 FOLLOWING) "
                "AS n FROM t_dt"
            ),
            (
                "SELECT id, count(*) OVER (ORDER BY sm RANGE BETWEEN 40000 PRECEDING AND 1 FOLLOWING) "
                "AS s, count(*) OVER (ORDER BY w RANGE BETWEEN 2 PRECEDING AND 1 FOLLOWING) AS n "
                "FROM t_edge"
            ),
            (
                "SELECT id, sum(i) OVER (ORDER BY i DESC RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS s "
                "FROM t_num"
            ),
            (
                "SELECT eid, count(*) OVER (ORDER BY amt RANGE BETWEEN 100 PRECEDING AND CURRENT ROW) AS "
                "n FROM t_evt"
            ),
            (
                "SELECT eid, count(*) OVER (ORDER BY cust DESC RANGE BETWEEN UNBOUNDED PRECEDING AND "
                "CURRENT ROW) AS n FROM t_evt"
            ),
            (
                "SELECT eid, count(*) OVER (ORDER BY eid RANGE BETWEEN 3 PRECEDING AND 1 PRECEDING) AS n "
                "FROM t_evt"
            ),
        ),
    ),
    Clause(
        "groups_frame",
        "GROUPS BETWEEN … AND …",
        "Groups of peers before and behind.",
        "SELECT eid, count(*) OVER (ORDER BY cust GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW) AS n "
        "FROM t_evt",
        {"spark": NO_GROUPS},
    ),
    Clause(
        "frame_exclude",
        "EXCLUDE CURRENT ROW, GROUP, TIES",
        "Leaves rows out of a frame.",
        "SELECT eid, sum(amt) OVER (PARTITION BY cust ORDER BY eid ROWS BETWEEN UNBOUNDED PRECEDING "
        "AND UNBOUNDED FOLLOWING EXCLUDE CURRENT ROW) AS others FROM t_evt",
        {"spark": NO_EXCLUDE},
        cases=(
            (
                "SELECT eid, count(*) OVER (ORDER BY cust ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED "
                "FOLLOWING EXCLUDE GROUP) AS n FROM t_evt"
            ),
        ),
    ),
)
