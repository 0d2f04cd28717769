"""Each column is traced to the columns of datasets that it is computed from."""

from __future__ import annotations

import pytest

F, A = "flights", "airports"


@pytest.mark.parametrize(
    ("sql", "lineage"),
    [
        ("select carrier as c, 1 as one from flights", {"c": [[F, "carrier"]], "one": []}),
        (
            "select f.dest || a.name as x from flights f join airports a on f.dest = a.faa",
            {"x": [[A, "name"], [F, "dest"]]},
        ),
        (
            "with x(p, q) as (select dest, delay + flight from flights) select q, p from x",
            {"q": [[F, "delay"], [F, "flight"]], "p": [[F, "dest"]]},
        ),
        (
            "select dest as d from flights union all select name from airports",
            {"d": [[A, "name"], [F, "dest"]]},
        ),
        (
            "select sum(delay) over (partition by carrier order by day) as s from flights",
            {"s": [[F, "carrier"], [F, "day"], [F, "delay"]]},
        ),
        ("select count(*) as n, max(delay) as m from flights", {"n": [], "m": [[F, "delay"]]}),
        (
            "select (select max(a.id) from airports a where a.faa = f.dest) as m from flights f",
            {"m": [[A, "id"], [F, "dest"]]},
        ),
        (
            "select * exclude (carrier, flight, day) from flights",
            {"dest": [[F, "dest"]], "delay": [[F, "delay"]]},
        ),
        (
            "with flights as (select flight as k from flights) select k from flights",
            {"k": [[F, "flight"]]},
        ),
        (
            "with recursive r(n, t) as (select id, name from airports union select n, t from r) select n, t from r",
            {"n": [[A, "id"]], "t": [[A, "name"]]},
        ),
        (
            "select x.d from (select y.delay as d from (select * from flights) y) x",
            {"d": [[F, "delay"]]},
        ),
        (
            "select s.a as v from (select {'a': flight, 'b': dest} as s from flights)",
            {"v": [[F, "dest"], [F, "flight"]]},
        ),
        (
            "select case when delay > $late then dest end as c from flights where carrier = 'UA'",
            {"c": [[F, "delay"], [F, "dest"]]},
        ),
        ("select flight * 2 as t, t + id as u from flights, airports",
         {"t": [[F, "flight"]], "u": [[A, "id"], [F, "flight"]]}),
        ("select name from airports join (select dest as faa from flights) using (faa)",
         {"name": [[A, "name"]]}),
    ],
)  # fmt: skip
def test_models(folder, sql, lineage):
    compiled = folder.model(sql)
    assert compiled.program, [d.message for d in compiled.diagnostics]
    assert compiled.program.statements[0].lineage == lineage


def test_what_cannot_be_taken_apart_comes_from_everything(folder):
    sql = "select * from (pivot airports on id in (1, 2) using max(name) group by faa)"
    lineage = folder.model(sql).program.statements[0].lineage
    assert set(lineage) == {"faa", "1", "2"}
    assert lineage["1"] == [[A, "faa"], [A, "id"], [A, "name"]]


def test_steps(folder):
    compiled = folder.compile(
        """transforms:
  made:
    from: flights
    steps:
      - rename: {carrier: airline}
      - derive: {x: delay + flight, x2: x * 2}
      - lookup: {from: airports, on: {dest: faa}, take: {city: name}}
      - standardize: {city: upper}
      - deduplicate: {keys: [airline], order_by: [day]}
      - aggregate: {by: [airline], measures: {n: count(*), y: max(x2), c: max(city)}}
"""
    )
    assert compiled.program.statements[0].lineage == {
        "airline": [[F, "carrier"]],
        "n": [],
        "y": [[F, "delay"], [F, "flight"]],
        "c": [[A, "name"]],
    }
