"""The examples of the steps, `STEP.yaml` each: rows in, the step, rows out.

The reference page prints them, and tests run each through the compiler and every engine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import resources
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import yaml

from penstock.spec.yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


REFUSING = ("postgres", "spark")
"""The engines beside DuckDB, which may be unable to do what an example does."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of an example. `columns`: name → Penstock type."""

    columns: dict[str, str]
    rows: Sequence[Sequence[Any]] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """One example of a step.

    Attributes:
        step: an entry of `steps:`, as its author wrote it.
        datasets: the others that the step reads.
        result: the rows that come out, in any order.
        quarantined: the rows that are held, as they were there.
        refused: engine → code of the diagnostic with which it is refused for that engine.
    """

    title: str
    given: Rows
    step: str
    result: Rows
    quarantined: Rows = field(default_factory=lambda: Rows({}))
    datasets: Mapping[str, Rows] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)


def examples(step: str) -> tuple[Example, ...]:
    """The examples of a step; none where it has no file of them.

    Raises:
        ValueError: the file is not one of examples.

    >>> examples("rename")[0].step
    '- rename: {dest: destination}'
    """
    file = resources.files(__name__) / f"{step}.yaml"
    if not file.is_file():
        return ()
    text = file.read_text(encoding="utf-8")
    document = read_yaml(text, file.name)
    if document.diagnostics:
        found = document.diagnostics[0]
        raise ValueError(f"{found.span}: {found.message}")
    return tuple(
        _example(one, written)
        for one, written in zip(document.data, _steps_as_written(text), strict=True)
    )


def _example(one: dict[str, Any], written: str) -> Example:
    title, (name,) = one.pop("title"), one.pop("step")
    result = Rows(**one.pop("result"))
    held = one.pop("quarantined", [])
    made = Example(
        title=title,
        given=Rows(one.pop("columns"), one.pop("rows")),
        step=written,
        result=result,
        quarantined=Rows(**held) if isinstance(held, dict) else Rows(result.columns, held),
        datasets={key: Rows(**rows) for key, rows in one.pop("datasets", {}).items()},
        variables=one.pop("variables", {}),
        refused=one.pop("refused", {}),
    )
    if one:
        raise ValueError(
            f"the example `{title}` of `{name}` has an unknown key `{next(iter(one))}`"
        )
    return made


def _steps_as_written(text: str) -> list[str]:
    found = []
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    for example in root.value if root else ():
        (node,) = [value for key, value in example.value if key.value == "step"]
        start, end = node.start_mark, node.end_mark
        written = text[start.index : end.index].rstrip()
        if node.flow_style:
            written = " " * (start.column + 1) + written[1:-1].strip()
        else:
            written = " " * start.column + written
        first, *rest = dedent(written).splitlines()
        found.append("\n".join([f"- {first}", *(f"  {line}".rstrip() for line in rest)]))
    return found
