"""How a validator of a model refuses a value that has the right kind and cannot be."""

from __future__ import annotations

from pydantic_core import PydanticCustomError


def refuse(message: str, *, hint: str = "", code: str = "") -> PydanticCustomError:
    """An error for a validator to raise.

    Args:
        message: in the reader's words.
        hint: what to do about it.
        code: instead of the area's code 025.
    """
    context = {"message": message, "hint": hint, "code": code}
    return PydanticCustomError("penstock", "{message}", context)
