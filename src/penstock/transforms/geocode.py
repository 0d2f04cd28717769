"""geocode: `geocode: {from: airports, place: {dest: faa}}`: coordinates, places, distances."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from penstock.spec.base import Model, Name
from penstock.spec.refusal import refuse
from penstock.transforms.base import Built, Input, Problem, Step, unknown_column
from penstock.transforms.canonical import family
from penstock.transforms.geography import Nearest, distance
from penstock.transforms.hold import Hold, RowRule
from penstock.transforms.names import column, fresh, named, select, table
from penstock.transforms.operations import Project, replaced
from penstock.transforms.reading import misfit, new_names
from penstock.transforms.spans import Span
from penstock.transforms.take import Take
from penstock.transforms.templates import filled

if TYPE_CHECKING:
    from sqlglot import exp

    from penstock.transforms.base import Columns

Path = tuple[str | int, ...]
# An IPv4 address as a number; NULL for a text that is none.
_PART = "TRY_CAST(split_part($x, '.', {}) AS BIGINT)"
_PARTS = [_PART.format(i) for i in range(1, 5)]
_IP = (
    "CASE WHEN regexp_matches($x, '^[0-9]{1,3}([.][0-9]{1,3}){3}$') AND "
    + " AND ".join(f"{p} <= 255" for p in _PARTS)
    + f" THEN (({_PARTS[0]} * 256 + {_PARTS[1]}) * 256 + {_PARTS[2]}) * 256 + {_PARTS[3]} END"
)


class Point(Model):
    """Two columns of degrees."""

    latitude: str = "latitude"
    """Degrees north of the equator, -90 to 90."""
    longitude: str = "longitude"
    """Degrees east of Greenwich, -180 to 180."""


class NearestTo(Point):
    """The place of the gazetteer nearest to a point of the row."""

    within: str
    """How far it may be, such as `50 km`; farther places are none."""
    distance: str | None = None
    """A new column of how far it is, in km."""


class IpRange(Model):
    """The range of the gazetteer that holds an IPv4 address."""

    column: str
    """Of the rows: the address as text (`192.0.2.1`) or as a number."""
    from_: str = Field(alias="from")
    """Of the gazetteer: the first address of the range, as text or as a number."""
    to: str
    """Of the gazetteer: the last address of the range."""


class Between(Model):
    """The distance of two points of the row."""

    start: Point
    end: Point
    name: str = "distance_km"
    """The new column: kilometres along the great circle of a globe of 6,371.0088 km."""


class Geocode(Step):
    """Finds coordinates for places, the nearest place for coordinates, the country of an address.

    All of it from a gazetteer, a dataset of yours; exactly one of `place`, `nearest`, `ip` and
    `distance` says what is looked for. Never multiplies rows: a place that stands there twice, and
    ranges that overlap, fail the run. Of places equally near, the first by what is taken wins.
    Points that are not on the globe are near to none.
    """

    from_: Name | None = Field(default=None, alias="from")
    """The gazetteer; none for `distance`."""
    place: str | list[str] | dict[str, str] | None = None
    """Column of the rows → column of the gazetteer that equals it, such as a postal code."""
    nearest: NearestTo | None = None
    """The nearest place to a point of the row."""
    ip: IpRange | None = None
    """The range that an IPv4 address lies in; others are in none."""
    distance: Between | None = None
    """How far two points of the row are apart."""
    coordinates: Point = Field(default_factory=Point)
    """Of the gazetteer, for `place` and `nearest`."""
    take: list[str] | dict[str, str] = Field(default_factory=dict)
    """New column → column of the gazetteer; with `place`, the coordinates unless given."""
    missing: Literal["keep", "drop", "fail", "quarantine"] = "keep"
    """As in `lookup`, for a row that nothing is found for; `nearest` can keep and drop."""

    @model_validator(mode="after")
    def _one_way(self) -> Geocode:
        ways = [w for w in ("place", "nearest", "ip", "distance") if getattr(self, w)]
        if len(ways) != 1:
            raise refuse("`geocode` needs one of `place`, `nearest`, `ip`, `distance`")
        if (self.from_ is None) != bool(self.distance):
            raise refuse("`geocode` needs `from`, the gazetteer, but for `distance`")
        if self.nearest and self.missing not in {"keep", "drop"}:
            raise refuse("`nearest` can `keep` or `drop` a row that no place is near to")
        if self.nearest and not re.fullmatch(r"\s*\d+(\.\d+)?\s*(km|m|mi)\s*", self.nearest.within):
            raise refuse("`within` is a distance", hint="such as `50 km`, `800 m` or `30 mi`")
        return self

    def build(self, given: Input) -> Built:
        """A lookup, a search for the nearest, or a projection."""
        if self.distance:
            return self._between(given, self.distance)
        assert self.from_ is not None
        built = Built(dict(given.columns))
        theirs = given.datasets.get(self.from_)
        take = self._taken()
        keyed = isinstance(self.take, dict) and bool(self.take)
        new = [(n, ("take", n if keyed else i) if self.take else ()) for i, n in enumerate(take)]
        if self.nearest and self.nearest.distance:
            new.append((self.nearest.distance, ("nearest", "distance")))
        built.problems += new_names(new, given.columns)
        for (name, path), their in zip(new, take.values(), strict=False):
            built.columns[name] = (theirs or {}).get(their)
            built.problems += self._not_there(their, theirs, path)
        if self.nearest and self.nearest.distance:
            built.columns[self.nearest.distance] = "double"
        if self.nearest:
            self._nearest(given, built, theirs, self.nearest, take)
        elif self.ip:
            self._ip(given, built, theirs, self.ip, take)
        else:
            self._place(given, built, theirs, take)
        return built

    def _taken(self) -> dict[str, str]:
        if isinstance(self.take, dict) and self.take:
            return dict(self.take)
        if self.take:
            return {name: name for name in self.take}
        both = (self.coordinates.latitude, self.coordinates.longitude)
        return {name: name for name in both} if self.place else {}

    def _between(self, given: Input, between: Between) -> Built:
        built = Built({**given.columns, between.name: "double"})
        built.problems += new_names([(between.name, ("distance",))], given.columns)
        for key, point in (("start", between.start), ("end", between.end)):
            built.problems += _not_degrees(point, given.columns, ("distance", key))
        a, b = ((column(p.latitude), column(p.longitude)) for p in (between.start, between.end))
        made = {between.name: distance(a, b)}
        built.operations.append(Project(replaced(given.columns, made)))
        return built

    def _nearest(
        self,
        given: Input,
        built: Built,
        theirs: Columns | None,
        nearest: NearestTo,
        take: dict[str, str],
    ) -> None:
        built.problems += _not_degrees(nearest, given.columns, ("nearest",))
        if theirs is not None:
            built.problems += _not_degrees(self.coordinates, theirs, ("coordinates",))
        number, unit = re.fullmatch(r"\s*([\d.]+)\s*(\w+)\s*", nearest.within).groups()  # type: ignore[union-attr]
        operation = Nearest(
            source=str(self.from_),
            point=(nearest.latitude, nearest.longitude),
            place=(self.coordinates.latitude, self.coordinates.longitude),
            within=float(number) * {"km": 1.0, "m": 0.001, "mi": 1.609344}[unit],
            take=take,
            distance=nearest.distance,
            inner=self.missing == "drop",
        )
        built.operations.append(operation)

    def _place(
        self, given: Input, built: Built, theirs: Columns | None, take: dict[str, str]
    ) -> None:
        on = self.place
        assert on is not None
        names = [on] if isinstance(on, str) else on
        pairs = names if isinstance(names, dict) else {n: n for n in names}
        for mine, their in pairs.items():
            path: Path = ("place", mine) if isinstance(on, dict) else ("place",)
            if mine not in given.columns:
                built.problems.append(unknown_column(mine, given.columns, path))
            built.problems += self._not_there(their, theirs, path)
            left, right = given.columns.get(mine), (theirs or {}).get(their)
            if left and right and family(left) != family(right):
                message = f"`{mine}` is {left} and `{their}` of `{self.from_}` is {right}"
                hint = f"cast one of them first, such as `cast: {{{mine}: {right}}}`"
                built.problems.append(Problem("PSK-STEP-031", message, path, hint))
        self._take(given, built, self._lookup(given, pairs, take))

    def _ip(
        self, given: Input, built: Built, theirs: Columns | None, ip: IpRange, take: dict[str, str]
    ) -> None:
        wanted = {"text", "number"}
        wrong = misfit(ip.column, given.columns, wanted, ("ip", "column"), step="ip")
        built.problems += [wrong] if wrong else []
        for key, name in (("from", ip.from_), ("to", ip.to)):
            absent = self._not_there(name, theirs, ("ip", key))
            built.problems += absent
            if theirs is not None and not absent:
                wrong = misfit(name, theirs, wanted, ("ip", key), step="ip")
                built.problems += [wrong] if wrong else []
        if built.problems or theirs is None or given.columns[ip.column] is None:
            return
        number = fresh("ip_number", built.columns)
        low, high = fresh("ip_from", theirs), fresh("ip_to", theirs)
        items: list[exp.Expr] = [column(c) for c in dict.fromkeys(take.values())]
        first, last = (_as_number(c, theirs) for c in (ip.from_, ip.to))
        items += [named(first, low), named(last, high)]
        known = filled("NOT $a IS NULL AND NOT $b IS NULL", a=first, b=last)
        prepared = select(items, table(str(self.from_))).where(known, copy=False)
        plain: dict[str, exp.Expr] = {name: column(name) for name in given.columns}
        span = Span(number, low, high, closed=True)
        found = self._lookup(given, {}, take, span=span, prepared=prepared)
        address = _as_number(ip.column, given.columns)
        built.operations.append(Project({**plain, number: address}))
        self._take(given, built, found, {number: "bigint"})
        built.operations.append(Project({**plain, **{n: column(n) for n in take}}))

    def _lookup(
        self,
        given: Input,
        on: dict[str, str],
        take: dict[str, str],
        *,
        span: Span | None = None,
        prepared: exp.Select | None = None,
    ) -> Take:
        return Take(
            dataset=given.dataset,
            source=str(self.from_),
            on=on,
            take=take,
            missing=self.missing if self.missing in {"drop", "fail"} else "keep",
            first=None,
            error_function=given.error_function,
            span=span,
            prepared=prepared,
        )

    def _take(
        self, given: Input, built: Built, found: Take, beside: dict[str, str] | None = None
    ) -> None:
        """Look up, and hold the rows that nothing is found for, if they are to be."""
        if self.missing == "quarantine" and not built.problems:
            columns = {**given.columns, **(beside or {})}
            mine = ", ".join([*found.on, *([self.ip.column] if self.ip else [])])
            text = f"`{self.from_}` has a place for {mine}"
            rule = RowRule(text, found.exists(columns), path=("missing",), reads=(found.source,))
            built.operations.append(Hold(columns, (rule,)))
        built.operations.append(found)

    def _not_there(self, name: str, theirs: Columns | None, path: Path) -> list[Problem]:
        if theirs is None or name in theirs:
            return []
        hint = unknown_column(name, theirs, path).hint
        return [Problem("PSK-STEP-010", f"`{self.from_}` has no column `{name}`", path, hint)]


def _as_number(name: str, columns: Columns) -> exp.Expr:
    text = columns.get(name) == "varchar"
    return filled(_IP if text else "CAST($x AS BIGINT)", x=column(name))


def _not_degrees(point: Point, columns: Columns, path: Path) -> list[Problem]:
    found = [
        misfit(name, columns, {"number"}, (*path, key), step="geocode")
        for key, name in (("latitude", point.latitude), ("longitude", point.longitude))
    ]
    return [problem for problem in found if problem]
