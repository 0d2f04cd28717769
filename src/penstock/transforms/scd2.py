"""scd2: `scd2: {keys: [customer_id], sequence: changed_at, operation: op}`: every version."""

from __future__ import annotations

from sqlglot import exp, parse_one

from penstock.transforms.base import Built, Input
from penstock.transforms.history import Operations
from penstock.transforms.keep_first import KeepFirst
from penstock.transforms.names import column, fresh
from penstock.transforms.operations import Project, replaced
from penstock.transforms.ordering import Term
from penstock.transforms.reading import unknown
from penstock.transforms.reshape import Reshape
from penstock.transforms.versions import Validity, differs, listed, names_of, quoted, window


class Scd2(Validity, Operations):
    """Makes the history of each key from a feed of changes: one row for each version (type 2).

    A version is valid from its change until the next one that changes something, or a delete. The
    order of the sequence counts and not that of arrival, so that a late change finds its place
    between the others, and running again with it gives the history that there would have been.
    Of several changes of a key at one time the last by the rest of `sequence` counts. All changes
    have to be there: the source reads them all, not only new ones.
    """

    track: list[str] | None = None
    """Columns whose change makes a new version; all but keys and sequence by default. The others
    have the value with which the version began."""

    def build(self, given: Input) -> Built:
        """Checks, one change of a key and time, then one query with windows."""
        first = self.order[0]
        gone = {self.operation, *self.order}
        kept = [name for name in given.columns if name not in gone]
        built = Built({name: given.columns[name] for name in kept}, problems=self.checked(given))
        delete, checks = self.known(given, built)
        built.operations += checks
        track = [n for n in kept if n not in self.keys] if self.track is None else self.track
        built.problems += unknown(track, {n: given.columns[n] for n in kept}, ("track",))
        built.problems += names_of(self, kept)
        sequence = given.columns.get(first)
        built.columns |= {self.valid_from: sequence, self.valid_to: sequence}
        built.columns[self.is_current] = "boolean"
        if built.problems:
            return built
        built.operations += self.in_sequence(given)
        rest = [Term(column(name), descending=True, best=True) for name in self.order[1:]]
        built.operations.append(KeepFirst((*self.keys, first), tuple(rest)))
        deleted = fresh("deleted", [*given.columns, *built.columns])
        built.operations.append(Project(replaced(given.columns, {deleted: delete})))

        def query(rows: str) -> exp.Query:
            return self._query(rows, kept, track, deleted)

        sources = {name: frozenset({name}) for name in kept}
        every = frozenset({*self.keys, first, *track})
        sources |= {self.valid_from: frozenset({first}), self.valid_to: every}
        sources[self.is_current] = every
        built.operations.append(Reshape(query, sources))
        return built

    def _query(self, rows: str, kept: list[str], track: list[str], deleted: str) -> exp.Query:
        first = self.order[0]
        over = window(self.keys, [first])
        used = [*kept, first, deleted]
        changed, place, end = (fresh(name, used) for name in ("changed", "place", "ended"))
        gone = quoted(deleted)
        # Windows stand inside, what reads them outside: a change that changes nothing goes before
        # the end of a version is looked for.
        text = f"""
            SELECT {listed(kept)}, {quoted(first)} AS {quoted(self.valid_from)},
              {quoted(end)} AS {quoted(self.valid_to)},
              {quoted(end)} IS NULL AS {quoted(self.is_current)}
            FROM (
              SELECT {listed([*kept, first, deleted])},
                lead({quoted(first)}) OVER {over} AS {quoted(end)}
              FROM (
                SELECT {listed([*kept, first, deleted])},
                  row_number() OVER {over} AS {quoted(place)},
                  {gone} IS DISTINCT FROM lag({gone}) OVER {over}
                    OR (NOT {gone} AND ({differs(track, over)})) AS {quoted(changed)}
                FROM {quoted(rows)}
              ) AS compared
              WHERE {quoted(place)} = 1 OR {quoted(changed)}
            ) AS versions
            WHERE NOT {gone}"""
        found: exp.Query = parse_one(text, read="duckdb")  # type: ignore[assignment]
        return found
