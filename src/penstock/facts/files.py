"""Reads the files of facts."""

from __future__ import annotations

from importlib.resources import files
from typing import Any


def read(name: str) -> dict[str, Any]:
    """A file of this folder."""
    import yaml

    # libyaml's loader where it is there: ten times as fast, and as safe.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: dict[str, Any] = yaml.load(
        files("penstock.facts").joinpath(name).read_text("utf-8"),
        Loader=loader,  # noqa: S506  # one of the two safe ones
    )
    return found
