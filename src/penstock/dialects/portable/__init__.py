"""The portable language: what it has, and how each engine writes it.

    text ─▶ read ─▶ desugar ─▶ qualify ─▶ types ─▶ an engine's SQL, or a Refusal with its place

`compile_query` is all a compiler needs; `functions.catalog` and `clauses.PARTS` are the language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from penstock.dialects.portable import clauses
from penstock.dialects.portable.desugaring import before_names, with_names
from penstock.dialects.portable.engine import engine_of
from penstock.dialects.portable.functions import catalog, near
from penstock.dialects.portable.lowering import Lowering
from penstock.dialects.portable.reading import UNREAD, called, place, read
from penstock.dialects.portable.refusal import Refusal
from penstock.dialects.portable.typing import Typer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Prepared", "Refusal", "compile_query", "prepare", "unknown_functions"]


class Prepared:
    """A query with every name and type known, ready to be rendered for any engine."""

    def __init__(self, tree: exp.Expr, typer: Typer) -> None:
        self.tree = tree
        self.typer = typer
        self._rendered: dict[tuple[str, ...], str] = {}

    @property
    def columns(self) -> list[tuple[str, str]]:
        """Name and Penstock type of each column it gives."""
        return self.typer.outputs(self.tree)

    def render(self, engine: str, types: Sequence[str] | None = None) -> str:
        """The engine's SQL, over several lines.

        Args:
            types: to which its columns are cast; default: those of `columns`.

        Raises:
            Refusal: this engine cannot do it.
        """
        try:
            wanted = types or [t for _, t in self.columns]
            key = (engine, *wanted)
            if key not in self._rendered:
                self._rendered[key] = Lowering(engine_of(engine), self.typer).whole(
                    self.tree, wanted
                )
            return self._rendered[key]
        except UNREAD as error:
            raise Refusal(
                "PSK-SQL-120", "this is nested too deep, or outside portable SQL"
            ) from error

    def render_columns(self, engine: str) -> list[str]:
        """The engine's SQL of each column, for another SELECT over the same relation.

        Raises:
            Refusal: this engine cannot do it, or it is no SELECT over one relation alone.

        >>> prepared = prepare("SELECT count(*) > 0 AS some FROM t", {"t": {"a": "integer"}})
        >>> prepared.render_columns("spark")
        ['CAST((count(*) > 0) AS BOOLEAN)']
        """
        tree = self.tree
        read = tree.args.get("from_")
        alone = isinstance(read, exp.From) and isinstance(read.this, exp.Table)
        more = [k for k, v in tree.args.items() if v and k not in ("from_", "expressions")]
        if not isinstance(tree, exp.Select) or more or not alone:
            raise Refusal("PSK-PORT-021", "this is more than columns of one relation")
        try:
            return Lowering(engine_of(engine), self.typer).columns(tree)
        except UNREAD as error:
            raise Refusal(
                "PSK-SQL-120", "this is nested too deep, or outside portable SQL"
            ) from error


def prepare(
    sql: str,
    schemas: Mapping[str, Mapping[str, str]],
    variables: Mapping[str, exp.Expr] | None = None,
) -> Prepared:
    """Read a query, make its clauses canonical and find its types.

    Args:
        schemas: table → column → Penstock type.
        variables: what `$NAME` stands for.

    Raises:
        Refusal: it is outside the portable language.
    """
    tree = read(sql)
    for node in list(tree.find_all(exp.Placeholder)):
        if variables and node.name in variables:
            node.replace(variables[node.name].copy())
    # Names are looked up in small letters, as DuckDB compares them.
    plain = MappingSchema(
        {t.lower(): {n.lower(): "VARCHAR" for n in c} for t, c in schemas.items()},
        dialect="duckdb",
        normalize=False,
    )
    try:
        tree = before_names(tree, schemas)
        clauses.check(tree)
        tree = qualify(
            tree,
            schema=plain,
            dialect="duckdb",
            quote_identifiers=True,
            validate_qualify_columns=False,
            on_qualify=None,
        )
    except UNREAD as error:
        raise Refusal("PSK-SQL-120", "this is outside the SQL that Penstock reads") from error
    try:
        tree = with_names(tree, schemas)
        return Prepared(tree, Typer(tree, schemas))
    except UNREAD as error:
        raise Refusal("PSK-SQL-120", "this is outside the SQL that Penstock reads") from error


def unknown_functions(sql: str) -> list[Refusal]:
    """Every name before a parenthesis that is no function of the language, each with its place.

    >>> [r.offset for r in unknown_functions("SELECT nowhere(a), lower(b), neither(c) FROM t")]
    [7, 29]
    """
    found = []
    for node in read(sql).find_all(exp.Anonymous):
        name = called(node)
        if name is not None and name not in catalog():
            offset, length = place(node)
            message = f"`{name}` is not a portable function"
            found.append(Refusal("PSK-PORT-022", message, near(name), offset, length))
    return sorted(found, key=lambda refused: refused.offset or 0)


def compile_query(sql: str, schemas: Mapping[str, Mapping[str, str]], engine: str) -> str:
    r"""A portable query in an engine's SQL.

    Raises:
        Refusal: it is outside the portable language, or the engine cannot do it.

    >>> schemas = {"t": {"s": "varchar"}}
    >>> print(compile_query("SELECT lpad(s, 5, '*') AS p FROM t", schemas, "postgres"))
    SELECT
      CAST(lpad("t"."s", 5, '*') AS TEXT) AS "p"
    FROM "t" AS "t"
    """
    return prepare(sql, schemas).render(engine)
