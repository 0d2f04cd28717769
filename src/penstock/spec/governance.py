"""Which columns are sensitive, how they are shown, how long rows stay, whose rows they are."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from penstock.spec.base import Model, Name, Text
from penstock.spec.quantities import Duration  # noqa: TC001  # pydantic reads it
from penstock.spec.refusal import refuse

Classification = Literal["public", "internal", "confidential", "personal", "sensitive"]
Masking = Literal["none", "nullify", "redact", "hash", "tokenize"]


class Partial(Model):
    """Shows the ends of a text and hides the rest."""

    show_first: Annotated[int, Field(ge=0)] = 0
    """Characters shown at the start."""
    show_last: Annotated[int, Field(ge=0)] = 0
    """Characters shown at the end."""

    @model_validator(mode="after")
    def _something(self) -> Partial:
        if not self.show_first + self.show_last:
            raise refuse("it shows nothing", hint="use `redact`")
        return self


class Governance(Model):
    """Policies about columns and rows.

    Columns are named dataset by dataset; what is derived from a column inherits its class.
    """

    classification: dict[Name, dict[Text, Classification]] = Field(default_factory=dict)
    """Dataset → column → class. A column not named is `internal`."""
    masking: dict[Classification, Masking | dict[Literal["partial"], Partial]] = Field(
        default_factory=dict
    )
    """Class → how a target shows a column of it: `nullify`, `redact` (a fixed text), `hash`
    (keyed), `tokenize` (reversible for those who may), `partial`, `none`."""
    retention: dict[Name, Duration] = Field(default_factory=dict)
    """Target, or `quarantine`, or `runs` → how long rows stay."""
    subjects: dict[Name, dict[Name, Text]] = Field(default_factory=dict)
    """Kind of person → dataset → the column that identifies them, for `penstock erase`."""
