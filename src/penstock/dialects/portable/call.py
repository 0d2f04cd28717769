"""A call as a rendering sees it: its arguments, already in the engine's SQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.dialects.portable.engine import Engine


@dataclass(frozen=True, slots=True)
class Ordering:
    """One key of an ORDER BY, in the engine's SQL."""

    sql: str
    type: str
    descending: bool
    nulls_first: bool

    def text(self, engine: Engine) -> str:
        """As it stands after ORDER BY: NULLs are always said, text is compared by code point."""
        collate = engine.collate if self.type == "varchar" else ""
        side = (
            f"{' DESC' if self.descending else ''} NULLS {'FIRST' if self.nulls_first else 'LAST'}"
        )
        before = ""
        if self.type == "double" and engine.nan_key:
            before = f"{engine.nan_key.format(self.sql)}{side}, "
        return f"{before}{self.sql}{collate}{side}"


@dataclass(frozen=True)
class Call:
    """A function's call.

    Attributes:
        args: each in the engine's SQL, safe to stand in any place (in parentheses if need be).
        nodes: the same as they were read; a lambda is only here.
        types: of the arguments.
        type: of the result.
        distinct, order, filter, over, nulls: of an aggregate or window: `filter` is a condition,
            `over` the text after OVER, `nulls` is `IGNORE`, `RESPECT` or empty.
        window: what OVER says, as it was read.
    """

    engine: Engine
    name: str
    args: tuple[str, ...]
    nodes: tuple[exp.Expr, ...]
    types: tuple[str, ...]
    type: str
    distinct: bool = False
    order: Sequence[Ordering] = ()
    filter: str | None = None
    over: str | None = None
    nulls: str = ""
    window: exp.Window | None = None
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def framed(self) -> bool:
        """Whether OVER has a frame that is written."""
        return self.window is not None and self.window.args.get("spec") is not None

    @property
    def tail(self) -> str:
        """FILTER and OVER, as they follow the parenthesis of an aggregate."""
        where = f" FILTER (WHERE {self.filter})" if self.filter else ""
        return where + (f" OVER {self.over}" if self.over else "")

    @property
    def order_by(self) -> str:
        """` ORDER BY …` or nothing."""
        keys = ", ".join(key.text(self.engine) for key in self.order)
        return f" ORDER BY {keys}" if keys else ""

    def text(self, number: int, what: str) -> str:
        """The value of an argument that must be written in the SQL itself.

        Raises:
            Refusal: it is not a literal.
        """
        node = self.nodes[number].unnest() if number < len(self.nodes) else None
        if isinstance(node, exp.Literal):
            return str(node.this)
        if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal):
            return f"-{node.this.this}"
        message = f"{what} of `{self.name}` must be written in the SQL, not computed"
        raise Refusal("PSK-PORT-024", message, "write the value itself, not a column or a sum")

    def string(self, value: str) -> str:
        """A text as the engine writes it."""
        return self.engine.string(value)

    def cast(self, sql: str, type_name: str | None = None) -> str:
        """`CAST(… AS …)` in the engine's name of a type; the result's without one."""
        return f"CAST({sql} AS {self.engine.type_name(type_name or self.type)})"

    def fill(self, template: str) -> str:
        """A template with the call's parts put in."""
        casts = template.startswith("::")
        text = template[2:] if casts else template
        parts = {
            "tail": self.tail,
            "order": self.order_by,
            "distinct": "DISTINCT " if self.distinct else "",
            "type": self.engine.type_name(self.type),
            "double": self.engine.type_name("double"),
            "all": ", ".join(self.args),
            "nulls": f" {self.nulls} NULLS" if self.nulls else "",
            **self.extra,
        }
        made = text.format(*self.args, **parts)
        return self.cast(made) if casts else made
