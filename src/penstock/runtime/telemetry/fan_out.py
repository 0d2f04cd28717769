"""One observer that passes events on to several, none of which can end a run."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from penstock.runtime.observer import Observer


def trace_of(observer: Observer) -> str | None:
    """X-Ray's header of the work that an observer hears of; None: nothing is traced."""
    return observer.trace_header() if isinstance(observer, Telemetry) else None


class Listener(Protocol):
    """An observer that knows what the work is about, and has something to send in the end."""

    def event(self, name: str, **values: Any) -> None:
        """Something happened."""

    def about(self, fields: dict[str, Any]) -> None:
        """From now on events are about this: run_id, attempt, slice, request_id, trace."""

    def flush(self) -> None:
        """Send what is not sent yet, within a few seconds."""

    def close(self) -> None:
        """Send the rest and free everything."""


class Telemetry:
    """Passes each event to a display, if there is one, and to every listener.

    A listener that raises is not asked again: what it was to tell is lost, the run is not.
    """

    def __init__(self, listeners: Sequence[Listener] = (), beside: Observer | None = None) -> None:
        self._listeners = list(listeners)
        self._beside = beside
        self._fields: dict[str, Any] = {}
        self._guard = threading.Lock()

    def event(self, name: str, **values: Any) -> None:
        """Pass an event on."""
        if self._beside is not None:
            self._beside.event(name, **values)
        for each in tuple(self._listeners):
            self._asked(each, lambda to=each: to.event(name, **values))

    @contextmanager
    def about(self, **fields: Any) -> Iterator[None]:
        """What the events in the body are about; sends everything when it ends.

        A function does one piece of work at a time, in several threads: what it is about is
        known to all of them.

        Args:
            fields: `run_id`, `attempt`, `slice`, `request_id`, and `trace`: the X-Ray header that
                came with the message; those that are None are left out.
        """
        before = self._fields
        self._tell({**before, **{k: v for k, v in fields.items() if v is not None}})
        try:
            yield
        finally:
            self._tell(before)
            self.flush()

    def trace_header(self) -> str | None:
        """X-Ray's header of the work under way, to be passed on in messages; None: no trace."""
        for each in self._listeners:
            header = getattr(each, "header", None)
            if header is not None:
                return str(found) if (found := header()) else None
        return None

    def flush(self) -> None:
        """Send what is not sent yet."""
        for each in tuple(self._listeners):
            self._asked(each, each.flush)

    def close(self) -> None:
        """Send the rest and free everything."""
        for each in tuple(self._listeners):
            self._asked(each, each.close)
        self._listeners = []

    def _tell(self, fields: dict[str, Any]) -> None:
        self._fields = fields
        for each in tuple(self._listeners):
            self._asked(each, lambda to=each: to.about(fields))

    def _asked(self, listener: Listener, ask: Any) -> None:
        try:
            ask()
        except Exception as error:  # noqa: BLE001  # what watches a run must not end it
            with self._guard:
                if listener not in self._listeners:
                    return
                self._listeners.remove(listener)
            name = type(listener).__name__.lower()
            self.event("message", text=f"{name}: no more is told, after {type(error).__name__}")
