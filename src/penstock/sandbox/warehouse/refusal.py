"""What is answered instead of a result."""

from __future__ import annotations


class Refusal(Exception):
    """A request that the Data API refuses at once.

    Attributes:
        kind: AWS's name of the error.
    """

    def __init__(self, message: str, kind: str = "ValidationException") -> None:
        super().__init__(message)
        self.message, self.kind = message, kind


class SqlError(Exception):
    """A statement that fails when it is run: Redshift would say so too, or the sandbox cannot."""


def unknown(what: str) -> SqlError:
    """The sandbox does not do something that Redshift does, or may do."""
    return SqlError(f"the sandbox's Redshift does not know {what}")
