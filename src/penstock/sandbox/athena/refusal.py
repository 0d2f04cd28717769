"""What is answered instead of a result."""

from __future__ import annotations


class Refusal(Exception):
    """A request that Athena refuses at once.

    Attributes:
        kind: AWS's name of the error.
    """

    def __init__(self, message: str, kind: str = "InvalidRequestException") -> None:
        super().__init__(message)
        self.message, self.kind = message, kind


class QueryError(Exception):
    """A query that fails when it is run."""


class TooMuch(Exception):
    """A query that would scan more than its workgroup allows."""


def unknown(what: str) -> QueryError:
    """The sandbox does not do something that Athena does, or may do."""
    return QueryError(f"the sandbox's Athena does not know {what}")
