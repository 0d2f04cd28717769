"""Connectors by name: which there are, what options each takes, which cannot run yet.

A connector of this release declares its options in its own folder, found through the registry.
Those that come later are declared in `later.py`: their shape is checked now, and that they
cannot run is a gap that is told, not an unknown name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from penstock.diagnostics import Diagnostic, did_you_mean
from penstock.runtime import registry
from penstock.spec.check import adapter, check
from penstock.spec.shapes import known_keys

if TYPE_CHECKING:
    from collections.abc import Iterable

    from penstock.spec.positions import Positions
    from penstock.spec.tree import Path

Kind = Literal["source", "target"]
AREAS: dict[Kind, str] = {"source": "SRC", "target": "TGT"}
LATER_SOURCES: dict[str, str] = {
    "mysql": "penstock.spec.later:DatabaseSource",
    "graphql": "penstock.spec.later:GraphqlSource",
    "ftp": "penstock.spec.later:FtpSource",
    "sftp": "penstock.spec.later:SftpSource",
    "kafka": "penstock.spec.later:KafkaSource",
    "kinesis": "penstock.spec.later:KinesisSource",
}
LATER_TARGETS: dict[str, str] = {
    "snowflake": "penstock.spec.later:SnowflakeTarget",
    "postgres": "penstock.spec.later:DatabaseTarget",
    "mysql": "penstock.spec.later:DatabaseTarget",
    "dynamodb": "penstock.spec.later:DynamodbTarget",
    "opensearch": "penstock.spec.later:OpensearchTarget",
}
_REGISTRY = {"source": registry.SOURCES, "target": registry.TARGETS}
_LATER = {"source": LATER_SOURCES, "target": LATER_TARGETS}
GAP = "PSK-PORT-003"


@dataclass(frozen=True, slots=True)
class Connector:
    """A connector.

    Attributes:
        runs: whether this release can run it; if not, it is a gap.
    """

    name: str
    kind: Kind
    runs: bool

    @property
    def options(self) -> Any:
        """The type its options are checked against."""
        if self.runs:
            return registry.load(_REGISTRY[self.kind][self.name].options)
        return registry.load(_LATER[self.kind][self.name])


def connectors(kind: Kind) -> dict[str, Connector]:
    """Every connector of a kind, those of this release first."""
    now, later = _REGISTRY[kind], _LATER[kind]
    names = {**dict.fromkeys(now, True), **dict.fromkeys(n for n in later if n not in now)}
    return {name: Connector(name, kind, bool(runs)) for name, runs in names.items()}


def check_options(
    kind: Kind,
    name: str,
    connector: Any,
    options: dict[str, Any],
    path: Path,
    positions: Positions,
    *,
    own_keys: Iterable[str],
) -> tuple[dict[str, Any], list[Diagnostic]]:
    """Check the options of one source or target against its connector.

    Args:
        own_keys: keys of every source or target, for near names.

    Returns:
        The options, as the connector's declaration types them, and what is wrong.
    """
    known = connectors(kind)
    noun = f"{kind} `{name}`"
    if not isinstance(connector, str):
        return options, []  # missing, or of a wrong kind: told already
    if connector not in known:
        hint = did_you_mean(connector, known, noun="connectors")
        message = f"no {kind} connector named `{connector}`"
        span = positions.value((*path, "connector"))
        return options, [Diagnostic(f"PSK-{AREAS[kind]}-024", message, span, hint)]
    model = known[connector].options
    checked, problems = check(
        model, options, path, positions, area=AREAS[kind], noun=noun, also_known=tuple(own_keys)
    )
    if not known[connector].runs:
        problems.append(_gap(known[connector], positions.value((*path, "connector"))))
    if checked is None:
        return options, problems
    typed = adapter(model).dump_python(checked, mode="json", by_alias=True)
    return _as_given(typed, options), problems


def _as_given(typed: Any, given: Any) -> Any:
    """The typed values of what was given; defaults stay the connector's own business."""
    if isinstance(typed, dict) and isinstance(given, dict):
        return {key: _as_given(typed.get(key, given[key]), given[key]) for key in given}
    return typed


def _gap(connector: Connector, span: Any) -> Diagnostic:
    running = [c.name for c in connectors(connector.kind).values() if c.runs]
    return Diagnostic(
        GAP,
        f"the {connector.kind} connector `{connector.name}` cannot run on the engine duckdb yet; "
        "its shape is checked",
        span,
        f"{connector.kind} connectors that run: {', '.join(running)}",
        engines=("duckdb",),
    )


def option_keys(kind: Kind) -> dict[str, set[str]]:
    """Connector → the keys it takes."""
    return {name: known_keys(c.options, ()) for name, c in connectors(kind).items()}
