"""Runs a graph of tasks: each as soon as what it needs is done, several side by side."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

GRACE_SECONDS = 5.0


def run_graph(
    tasks: Mapping[str, Callable[[], None]],
    needs: Mapping[str, Iterable[str]],
    *,
    workers: int,
    interrupt: Callable[[], None],
) -> None:
    """Run every task once, after all that it needs.

    The first failure (Ctrl-C too) starts no further task, calls `interrupt` so that running
    ones end soon, waits `GRACE_SECONDS` for them, and is raised. A thread that is stuck in a call
    outside Python (a user's `time.sleep`) cannot be ended and is left behind.

    >>> done = []
    >>> run_graph({"b": lambda: done.append("b"), "a": lambda: done.append("a")}, {"b": ["a"]},
    ...           workers=2, interrupt=lambda: None)
    >>> done
    ['a', 'b']
    """
    waiting = {name: {n for n in needs.get(name, ()) if n in tasks} for name in tasks}
    running: dict[Future[None], str] = {}
    pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="penstock")
    try:
        while waiting or running:
            for name in [n for n, left in waiting.items() if not left]:
                del waiting[name]
                running[pool.submit(tasks[name])] = name
            if not running:
                raise RuntimeError(f"tasks wait for each other: {sorted(waiting)}")
            # A time-out, because a wait without one holds back Ctrl-C on some platforms.
            done, _ = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
            for future in done:
                name = running.pop(future)
                future.result()
                for left in waiting.values():
                    left.discard(name)
    except BaseException:
        for future in running:
            future.cancel()
        interrupt()
        wait(running, timeout=GRACE_SECONDS)
        raise
    finally:
        pool.shutdown(wait=False)
