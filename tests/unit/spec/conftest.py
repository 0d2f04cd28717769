"""Pipeline folders made of text, and what is told of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from penstock.spec import load_definition

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from penstock.spec import Definition


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Definition]:
    """Reads a pipeline file given as text; its first line is `name: p` unless it has one."""

    def read(text: str, **options: Any) -> Definition:
        whole = text if text.startswith("name:") else "name: p\n" + text
        (tmp_path / "pipeline.yaml").write_text(whole, encoding="utf-8")
        return load_definition(tmp_path, **{"environment": {}, **options})

    return read


@pytest.fixture
def told(load: Callable[..., Definition]) -> Callable[..., list[tuple[str, str, str]]]:
    """Code, place and message with hint, of everything told of a pipeline file."""

    def found(text: str, **options: Any) -> list[tuple[str, str, str]]:
        return [
            (d.code, f"{d.span.line}:{d.span.column}" if d.span else "", f"{d.message} ({d.hint})")
            for d in load(text, **options).diagnostics
        ]

    return found
