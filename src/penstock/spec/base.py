"""What every model of the pipeline file is built from."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from penstock.spec.refusal import refuse

Scalar = str | int | float | bool | None
_NAME = r"[a-z][a-z0-9]*(_[a-z0-9]+)*"


class Model(BaseModel):
    """Base: unknown keys are errors, values are immutable, docstrings become descriptions."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def exactly_one(*keys: str) -> ConfigDict:
    """For the JSON schema of a model: exactly one of these keys is given."""
    return ConfigDict(json_schema_extra={"oneOf": [{"required": [key]} for key in keys]})


class OpenModel(Model):
    """A model whose other keys belong to a connector."""

    model_config = ConfigDict(extra="allow", frozen=True, use_attribute_docstrings=True)

    @property
    def options(self) -> dict[str, Any]:
        """The connector's own options, as the file gives them."""
        return dict(self.model_extra or {})


def _name(text: str) -> str:
    if re.fullmatch(_NAME, text) and len(text) <= 63:
        return text
    near = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:63].strip("_")
    raise refuse(
        f"`{text}` cannot be a name: lower-case letters, digits and single underscores, "
        "from a letter on, at most 63",
        hint=f"call it `{near}`" if re.fullmatch(_NAME, near) else "",
    )


def _pipeline_name(text: str) -> str:
    if re.fullmatch(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*", text) and len(text) <= 63:
        return text
    raise refuse(
        f"`{text}` cannot be a pipeline's name: lower-case letters, digits, hyphens and "
        "underscores, from a letter on, at most 63"
    )


def _text(text: str) -> str:
    if text.strip():
        return text
    raise refuse("it may not be empty")


Name = Annotated[
    str, AfterValidator(_name), Field(json_schema_extra={"pattern": f"^{_NAME}$", "maxLength": 63})
]
"""The name of a dataset, a target or a variable."""
PipelineName = Annotated[
    str,
    AfterValidator(_pipeline_name),
    Field(json_schema_extra={"pattern": "^[a-z][a-z0-9]*([_-][a-z0-9]+)*$", "maxLength": 63}),
]
Text = Annotated[str, AfterValidator(_text), Field(json_schema_extra={"minLength": 1})]
"""Text that says something."""
