"""Syntax of lists, structs and maps inside expressions."""

from __future__ import annotations

from penstock.dialects.base import Gap
from penstock.dialects.portable.clauses import Clause, everywhere

NO_STRUCTS = Gap("never", "PSK-PORT-020", "PostgreSQL has no structs without a type of their own")
NO_MAPS = Gap("never", "PSK-PORT-020", "PostgreSQL has no maps")
NO_NESTED = Gap("never", "PSK-PORT-020", "PostgreSQL has no lists of lists of different lengths")

CLAUSES = (
    Clause(
        "list_literal",
        "[a, b]",
        "A list of values in their common type.",
        "SELECT [qty, yr, NULL] AS l FROM t_sales",
        {"spark": "ARRAY(…)", "postgres": "ARRAY[…]"},
    ),
    Clause(
        "list_of_lists",
        "[[a], [b, c]]",
        "Lists of different lengths in a list.",
        "SELECT [[qty], [qty, yr], NULL] AS l FROM t_sales",
        {"postgres": NO_NESTED},
    ),
    Clause(
        "subscript",
        "list[1], list[-1], list[2:3]",
        "An element, or the elements from one place to another: `list_extract`, `list_slice`.",
        "SELECT id, a[1] AS one, a[-1] AS last, a[2:] AS rest FROM t_arr",
        everywhere("list_extract, list_slice"),
    ),
    Clause(
        "comprehension",
        "[x + 1 for x in list if x > 1]",
        "What an expression makes of the elements for which a condition is true.",
        "SELECT id, [x + 1 for x in a if x > 1] AS l FROM t_arr",
        everywhere("list_transform, list_filter"),
        cases=("SELECT id, [x + i for x, i in a] AS l FROM t_arr",),
    ),
    Clause(
        "lambda",
        "lambda x, place: …",
        "A function of an element and its place, from 1 on; also `x -> …`. Columns may be in it.",
        "SELECT id, list_transform(a, lambda x, i: x + i * id) AS l FROM t_arr",
        {"postgres": "a query over the elements"},
        cases=(
            "SELECT id, list_transform(a, lambda x: list_transform([1, 2], lambda y: y + x)[1]) AS l FROM t_arr",
            "SELECT id, list_transform(a, x -> x * 2) AS l FROM t_arr",
            "SELECT id, list_filter(a, lambda x: list_contains([5, 1], x)) AS l FROM t_arr",
        ),
    ),
    Clause(
        "list_in_group",
        "lists as keys",
        "Lists are equal where their elements are, NULL to NULL: in =, GROUP BY, DISTINCT, UNION.",
        "SELECT a, count(*) AS n FROM t_arr GROUP BY a",
        cases=(
            "SELECT id, a = [3, 1, 2] AS same, a = a AS own FROM t_arr",
            "SELECT a FROM t_arr UNION SELECT a FROM t_arr",
        ),
    ),
    Clause(
        "struct",
        "{'a': 1}, struct_pack(a := 1)",
        "A value with named fields. It is not compared.",
        "SELECT eid, {'k': cust, 'label': status} AS s FROM t_evt WHERE eid < 6",
        {"postgres": NO_STRUCTS, "spark": "NAMED_STRUCT"},
        cases=(
            "SELECT struct_pack(a := qty, b := product) AS s FROM t_sales",
            "SELECT s.k AS k FROM (SELECT {'k': cust} AS s FROM t_evt) AS t",
            "SELECT {'outer': {'inner': qty}} AS s FROM t_sales",
        ),
    ),
    Clause(
        "struct_apart",
        "{'a': 1}.a, struct_extract",
        "A field of a struct; NULL of a NULL struct. A struct that is only taken apart again is none.",
        "SELECT eid, {'k': cust, 'label': status}.label AS s FROM t_evt WHERE eid < 6",
        {"postgres": "the field's value"},
        cases=(
            "SELECT struct_extract(struct_pack(a := qty, b := product), 'a') AS q FROM t_sales",
        ),
    ),
    Clause(
        "map",
        "MAP {key: value}, map(keys, values)",
        "A value for each key; a key that comes twice or is NULL fails. It is not compared.",
        "SELECT MAP {'q': qty, 'y': yr} AS m FROM t_sales",
        {"postgres": NO_MAPS, "spark": "MAP_FROM_ARRAYS"},
        cases=(
            "SELECT map(['q', 'y'], [qty, yr])['y'] AS y FROM t_sales",
            "SELECT MAP {1: 'a', 1: 'b'} AS m",
            "SELECT map([qty], ['a']) AS m FROM t_sales",
        ),
    ),
)
