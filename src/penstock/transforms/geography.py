"""Places on the globe: great-circle distance, and the nearest of many without comparing all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.transforms.names import column, fresh, identifier, named, select, table
from penstock.transforms.templates import filled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.transforms.base import Origins
    from penstock.transforms.chain import Chain

# Mean radius of the Earth in km (IUGG; Moritz, Geodetic Reference System 1980), and km of a degree.
RADIUS = 6371.0088
_DEGREE = 111.195
# Rounded to a millimetre, so that the last bits of an engine's sine decide nothing.
_HAVERSINE = (
    f"round(2 * CAST({RADIUS} AS DOUBLE) * asin(least(CAST(1 AS DOUBLE), sqrt("
    "pow(sin(radians($b1 - $a1) / 2), 2) "
    "+ cos(radians($a1)) * cos(radians($b1)) * pow(sin(radians($b2 - $a2) / 2), 2)))), 6)"
)
_ON_GLOBE = "$lat BETWEEN -90 AND 90 AND $lon BETWEEN -180 AND 180"


def distance(a: tuple[exp.Expr, exp.Expr], b: tuple[exp.Expr, exp.Expr]) -> exp.Expr:
    """Kilometres between two points (latitude, longitude) in degrees; NULL off the globe."""
    points = {"a1": a[0], "a2": a[1], "b1": b[0], "b2": b[1]}
    doubles: dict[str, exp.Expr] = {k: _double(v) for k, v in points.items()}
    return exp.Case(
        ifs=[
            exp.If(
                this=exp.and_(on_globe(*a), on_globe(*b), copy=False),
                true=filled(_HAVERSINE, **doubles),
            )
        ]
    )


def on_globe(lat: exp.Expr, lon: exp.Expr) -> exp.Expr:
    """Whether there is such a point."""
    return filled(_ON_GLOBE, lat=lat, lon=lon)


@dataclass(frozen=True)
class Nearest:
    """Columns of the place nearest to each row's point, of those not farther than `within`.

    The globe is cut into bands of latitude at least `within` high, and each band into cells at
    least as wide: what is near a point lies in its cell or in one beside it, so that each place
    stands in nine cells and is compared with the points of these only.

    Attributes:
        source: the dataset of the places.
        point: columns of the rows: latitude, longitude.
        place: columns of the places.
        within: km.
        take: new column → column of the places; of places equally far the first by all of these.
        distance: new column of the distance in km.
    """

    source: str
    point: tuple[str, str]
    place: tuple[str, str]
    within: float
    take: Mapping[str, str]
    distance: str | None
    inner: bool
    row_by_row = True

    def trace(self, origins: Origins) -> Origins:
        """The new columns come from the other dataset; the distance from both."""
        found = {**origins, **{n: frozenset({(self.source, t)}) for n, t in self.take.items()}}
        if self.distance:
            ours = origins[self.point[0]] | origins[self.point[1]]
            found[self.distance] = ours | {(self.source, c) for c in self.place}
        return found

    def apply(self, chain: Chain) -> None:
        """Put it at the end of a chain."""
        before = chain.relation()
        points = chain.add(self._points(before), keep=True, reads=(before,))
        places = chain.add(self._places(), keep=True, reads=(self.source,))
        best = chain.add(self._best(points, places), keep=True, reads=(points, places))
        alias = fresh(best, chain.relations())
        taken = {new: f"t{i}" for i, new in enumerate(self.take)}
        if self.distance:
            taken[self.distance] = "km"
        chain.join(
            table(best, alias),
            alias,
            on={self.point[0]: "p_lat", self.point[1]: "p_lon"},
            take=taken,
            reads=(best,),
            inner=self.inner,
        )

    def _points(self, before: str) -> exp.Select:
        """The points that rows have, each once, with its band and cell."""
        lat, lon = (column(c) for c in self.point)
        distinct = select([named(lat, "p_lat"), named(lon, "p_lon")], table(before))
        distinct.where(on_globe(lat, lon), copy=False)
        distinct.set("distinct", exp.Distinct())
        rows = _as(distinct, "points")
        items = [column("p_lat"), column("p_lon"), named(self._band(column("p_lat")), "band")]
        banded = _as(select(items, rows), "banded")
        cell = self._cell(column("p_lon"), column("band"))
        kept = [column(c) for c in ("p_lat", "p_lon", "band")]
        return select([*kept, named(cell, "cell")], banded)

    def _places(self) -> exp.Select:
        """Every place in its own cell and the eight beside it."""
        lat, lon = (column(c) for c in self.place)
        items = [named(lat, "g_lat"), named(lon, "g_lon")]
        items += [named(column(c), f"t{i}") for i, c in enumerate(self.take.values())]
        there = select(items, table(self.source)).where(on_globe(lat, lon), copy=False)
        kept = [column("g_lat"), column("g_lon"), *(column(f"t{i}") for i in range(len(self.take)))]
        band = exp.Add(this=self._band(column("g_lat")), expression=column("up"))
        banded = select([*kept, named(band, "band")], _as(there, "places"))
        banded.join(_steps("ups", "up"), join_type="cross", copy=False)
        number = self._cells(column("band"))
        cell = filled(
            "($cell + over + $n) % $n", cell=self._cell(column("g_lon"), column("band")), n=number
        )
        query = select([*kept, column("band"), named(cell, "cell")], _as(banded, "banded"))
        return query.join(_steps("overs", "over"), join_type="cross", copy=False)

    def _best(self, points: str, places: str) -> exp.Select:
        """The nearest place of each point."""
        km = distance(
            (column("p_lat", points), column("p_lon", points)),
            (column("g_lat", places), column("g_lon", places)),
        )
        taken = [f"t{i}" for i in range(len(self.take))]
        items = [column("p_lat", points), column("p_lon", points), named(km, "km")]
        items += [column(c, places) for c in ("g_lat", "g_lon", *taken)]
        pairs = select(items, table(points))
        same = ("band", "cell")
        on = [exp.EQ(this=column(c, points), expression=column(c, places)) for c in same]
        pairs.join(table(places), on=exp.and_(*on, copy=False), copy=False)
        order = [
            exp.Ordered(this=column(c), desc=False, nulls_first=False)
            for c in ("km", *taken, "g_lat", "g_lon")
        ]
        number = exp.Window(
            this=exp.RowNumber(),
            partition_by=[column("p_lat"), column("p_lon")],
            order=exp.Order(expressions=order),
        )
        kept = [column(c) for c in ("p_lat", "p_lon", "km", *taken)]
        ranked = select([*kept, named(number, "n")], _as(pairs, "pairs"))
        ranked.where(filled("km <= $within", within=_number(self.within)), copy=False)
        query = select([k.copy() for k in kept], _as(ranked, "ranked"))
        return query.where(filled("n = 1"), copy=False)

    @property
    def _height(self) -> float:
        """Degrees of latitude of a band, a little more than `within`."""
        return min(180.0, self.within / _DEGREE * 1.001)

    def _band(self, lat: exp.Expr) -> exp.Expr:
        sql = "CAST(floor($lat / $height) AS INTEGER)"
        return filled(sql, lat=_double(lat), height=_number(self._height))

    def _cells(self, band: exp.Expr) -> exp.Expr:
        """How many cells a band has, by the circle nearest to a pole of it and its neighbours.

        Points at a distance d lie at most 2 asin(sin(d/2) / cos(latitude)) apart in longitude: up
        to pi/2 times d / cos(latitude), hence the 1.6.
        """
        sql = (
            "CAST(greatest(1, floor(360 * cos(radians(least(CAST(90 AS DOUBLE), "
            "(abs($band) + 2) * $height))) / (1.6 * $height))) AS INTEGER)"
        )
        return filled(sql, band=band, height=_number(self._height))

    def _cell(self, lon: exp.Expr, band: exp.Expr) -> exp.Expr:
        sql = "CAST(floor(($lon + 180) / 360 * $n) AS INTEGER) % $n"
        return filled(sql, lon=_double(lon), n=self._cells(band))


def _double(tree: exp.Expr) -> exp.Expr:
    return exp.cast(tree, "double")


def _number(value: float) -> exp.Expr:
    return exp.cast(exp.Literal.number(repr(value)), "double")


def _as(query: exp.Select, name: str) -> exp.Subquery:
    return exp.Subquery(this=query, alias=exp.TableAlias(this=identifier(name)))


def _steps(name: str, of: str) -> exp.Expr:
    """-1, 0 and 1 as rows."""
    values: Sequence[exp.Expr] = [
        exp.Tuple(expressions=[v]) for v in (exp.Neg(this=exp.Literal.number(1)), *_ZERO_ONE)
    ]
    alias = exp.TableAlias(this=identifier(name), columns=[identifier(of)])
    return exp.Values(expressions=list(values), alias=alias)


_ZERO_ONE = (exp.Literal.number(0), exp.Literal.number(1))
