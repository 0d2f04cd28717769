"""Warm execution environments, and how many may run at once."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING

from penstock.sandbox.lambdas.execution import Execution

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.sandbox.lambdas.function import Function
    from penstock.sandbox.world import World

MOST_WARM = 16


class Throttled(Exception):
    """No invocation more may be under way.

    Attributes:
        reason: of `TooManyRequestsException`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__("Rate Exceeded.")
        self.reason = reason


class Pool:
    """The execution environments of all functions."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()
        self._idle: dict[str, list[Execution]] = defaultdict(list)
        self._all: set[Execution] = set()
        self._running: Counter[str] = Counter()

    @contextmanager
    def environment(self, function: Function) -> Iterator[Execution]:
        """An environment for one invocation: a warm one, or a new one.

        Raises:
            Throttled: the function's reserved concurrency, or the sandbox's, is used up.
        """
        self._admit(function)
        execution: Execution | None = None
        try:
            execution = self._warm(function) or self._cold(function)
            yield execution
        finally:
            with self._lock:
                self._running[function.arn] -= 1
                keep = execution is not None and execution.alive and not self._world.ended.is_set()
                if execution is not None and keep:
                    self._idle[function.key].append(execution)
            if execution is not None and not keep:
                self._drop(execution)

    def running(self, arn: str) -> int:
        """Invocations of a function that are under way."""
        with self._lock:
            return self._running[arn]

    def close(self) -> None:
        """End every environment."""
        with self._lock:
            all_of_them = list(self._all)
        for execution in all_of_them:
            self._drop(execution)

    def _admit(self, function: Function) -> None:
        with self._lock:
            reserved = function.reserved
            if reserved is not None and self._running[function.arn] >= reserved:
                raise Throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
            if self._running.total() >= self._world.concurrency:
                raise Throttled("ConcurrentInvocationLimitExceeded")
            self._running[function.arn] += 1

    def _warm(self, function: Function) -> Execution | None:
        stale: list[Execution] = []
        with self._lock:
            for key, found in self._idle.items():
                if key != function.key and found and found[0].function.arn == function.arn:
                    same = [e for e in found if e.function.version == function.version]
                    stale += same  # the code or the configuration has changed since
                    self._idle[key] = [e for e in found if e not in same]
            found = self._idle[function.key]
            execution = found.pop() if found else None
        for each in stale:
            self._drop(each)
        return execution

    def _cold(self, function: Function) -> Execution:
        self._make_room()
        execution = Execution(self._world, function)
        with self._lock:
            self._all.add(execution)
        return execution

    def _make_room(self) -> None:
        with self._lock:
            idle = [(key, e) for key, found in self._idle.items() for e in found]
            oldest = idle[: max(0, len(idle) - MOST_WARM + 1)]
            for key, execution in oldest:
                self._idle[key].remove(execution)
        for _, execution in oldest:
            self._drop(execution)

    def _drop(self, execution: Execution) -> None:
        with self._lock:
            self._all.discard(execution)
        execution.close()
