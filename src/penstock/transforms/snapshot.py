"""snapshot: `snapshot: {keys: [customer_id], taken_at: day}`: versions from full copies."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from sqlglot import exp, parse_one

from penstock.transforms.base import Built, Input, Problem, Step
from penstock.transforms.history import NoTies, shown_keys
from penstock.transforms.keep_first import KeepFirst
from penstock.transforms.names import column, fresh
from penstock.transforms.reading import misfit, unknown
from penstock.transforms.require import require
from penstock.transforms.reshape import Reshape
from penstock.transforms.versions import Validity, differs, listed, names_of, quoted, window


class Snapshot(Validity, Step):
    """Makes the history of each key from full copies of a table, taken one after the other.

    One row for each version. A version is valid from the copy that first has it until the next
    copy that has another one, or none: a key that is missing in a copy is deleted, and may come
    back. Copies may arrive in any order, and all have to be there. Rows of a copy that are equal in
    every column are one.
    """

    keys: list[str] = Field(min_length=1)
    """Columns that say which thing a row is about. NULLs agree with each other."""
    taken_at: str
    """Column that says when the copy was taken which a row is of: a date, a timestamp or a number,
    the same in all its rows. A NULL there fails the run."""
    track: list[str] | None = None
    """Columns whose change makes a new version; all but keys and `taken_at` by default. The others
    have the value with which the version began."""
    ties: Literal["fail", "break"] = "fail"
    """Different rows of one key in a copy: the run fails, or their remaining columns decide."""

    def build(self, given: Input) -> Built:
        """Checks, one row of a key and copy, then one query with windows."""
        kept = [name for name in given.columns if name != self.taken_at]
        built = Built({name: given.columns[name] for name in kept})
        built.problems += unknown(self.keys, given.columns, ("keys",))
        wrong = misfit(
            self.taken_at, given.columns, ("date", "number"), ("taken_at",), step="snapshot"
        )
        built.problems += [wrong] if wrong else []
        track = [n for n in kept if n not in self.keys] if self.track is None else self.track
        built.problems += unknown(track, {n: given.columns[n] for n in kept}, ("track",))
        built.problems += names_of(self, kept)
        time = given.columns.get(self.taken_at)
        built.columns |= {self.valid_from: time, self.valid_to: time, self.is_current: "boolean"}
        if self.taken_at in self.keys:
            message = f"`{self.taken_at}` is one of the keys, so that it orders nothing"
            built.problems.append(Problem("PSK-STEP-067", message, ("taken_at",)))
        if built.problems:
            return built
        shown = shown_keys(self.keys)
        present = exp.Not(this=exp.Is(this=column(self.taken_at), expression=exp.Null()))
        message = f"`{given.dataset}` has a row without {self.taken_at}, of"
        built.operations.append(require(given, present, message, shown))
        agree = (*self.keys, self.taken_at)
        if self.ties == "fail":
            built.operations.append(NoTies(given, agree, tuple(given.columns), shown))
        built.operations.append(KeepFirst(agree, ()))

        def query(rows: str) -> exp.Query:
            return self._query(rows, kept, track)

        sources = {name: frozenset({name}) for name in kept}
        every = frozenset({*self.keys, self.taken_at, *track})
        sources |= {self.valid_from: frozenset({self.taken_at}), self.valid_to: every}
        sources[self.is_current] = every
        built.operations.append(Reshape(query, sources, times=2))
        return built

    def _query(self, rows: str, kept: list[str], track: list[str]) -> exp.Query:
        at = quoted(self.taken_at)
        over = window(self.keys, [self.taken_at])
        used = [*kept, self.taken_at]
        taken, before, after, starts, ended, last, end = (
            quoted(fresh(name, used))
            for name in (
                "copy_taken",
                "copy_before",
                "copy_after",
                "starts",
                "ended",
                "last_end",
                "own_end",
            )
        )
        whole = "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"
        # `copies` tells the neighbours of each copy. A row starts a version where its key is not
        # in the copy before, or differs there. A version ends with the copy after its last row,
        # which is the row before the next start, or the last one of the key.
        text = f"""
            SELECT {listed(kept)}, {at} AS {quoted(self.valid_from)},
              {end} AS {quoted(self.valid_to)}, {end} IS NULL AS {quoted(self.is_current)}
            FROM (
              SELECT {listed(kept)}, {at},
                CASE WHEN lead({at}) OVER {over} IS NULL THEN {last}
                  ELSE lead({ended}) OVER {over} END AS {end}
              FROM (
                SELECT {listed(kept)}, {at},
                  CASE WHEN lag({at}) OVER {over} = {before} AND NOT ({differs(track, over)})
                    THEN 0 ELSE 1 END AS {starts},
                  lag({after}) OVER {over} AS {ended},
                  last_value({after}) OVER {over[:-1]} {whole}) AS {last}
                FROM {quoted(rows)}
                INNER JOIN (
                  SELECT {at} AS {taken}, lag({at}) OVER (ORDER BY {at} ASC NULLS LAST) AS {before},
                    lead({at}) OVER (ORDER BY {at} ASC NULLS LAST) AS {after}
                  FROM (SELECT DISTINCT {at} FROM {quoted(rows)}) AS times
                ) AS copies ON {at} = {taken}
              ) AS compared
              WHERE {starts} = 1
            ) AS versions"""
        found: exp.Query = parse_one(text, read="duckdb")  # type: ignore[assignment]
        return found
