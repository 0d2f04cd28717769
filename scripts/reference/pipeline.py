"""The pipeline file, from the models that check it."""

from __future__ import annotations

from penstock.spec import reference


def page() -> str:
    """Every section and key."""
    return reference.markdown()
