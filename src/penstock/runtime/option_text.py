"""Texts in the options of connectors that are checked where they stand in the pipeline file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class OptionText(str):
    """A text with a form of its own: a subclass says in `checked` which."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Callable[[Any], Any]) -> Any:
        """How the compiler's models check it. A core schema is plain data: nothing is imported."""
        checked = {"type": "no-info", "function": cls.checked}
        return {"type": "function-after", "function": checked, "schema": handler(str)}

    @classmethod
    def checked(cls, text: str) -> str:
        """The text as the connector takes it.

        Raises:
            ValueError: it has another form.
        """
        return text
