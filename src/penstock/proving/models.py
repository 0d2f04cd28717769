"""A unit test, as its file says it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field

from penstock.spec.base import Model, Name, Scalar, Text
from penstock.spec.refusal import refuse

if TYPE_CHECKING:
    from penstock.spec.tree import Node
    from penstock.spec.yaml import Document


def _code(text: str) -> str:
    if re.fullmatch(r"PSK-[A-Z]+-[0-9]{3}", text):
        return text
    raise refuse(f"`{text}` is no diagnostic code", hint="for example PSK-SQL-102")


Code = Annotated[str, AfterValidator(_code)]


class UnitTestSpec(Model):
    """The shape of one test. Rows are read apart, so that each cell keeps its place."""

    name: Text
    """What the test shows."""
    dataset: Name
    """The dataset whose rows are compared."""
    description: str | None = None
    variables: dict[Name, Scalar] = Field(default_factory=dict)
    """Variables that have other values in this test."""
    given: dict[str, Any] = Field(default_factory=dict)
    """Dataset → its rows: a list of mappings, `{csv: "…"}` or `{file: path}`."""
    expect: Any = None
    """The rows that `dataset` should have, in any order."""
    only: bool = False
    """Compare every column, not only those that `expect` names."""
    ordered: bool = False
    """Compare the rows in their order."""
    expect_quarantined: Any = None
    """The rows that the `quarantine` rules of `dataset` should set aside."""
    expect_error: Code | None = None
    """The code of the diagnostic that should come instead of rows."""


@dataclass(frozen=True, slots=True)
class UnitTest:
    """One test and where it stands.

    Attributes:
        index: its number in its file, from 0.
        node: its mapping in the YAML.
    """

    spec: UnitTestSpec
    document: Document
    index: int
    node: Node

    @property
    def file(self) -> str:
        """Path of its file, relative to the pipeline folder."""
        return self.document.file.name
