"""What ends a command that no code of ours foresaw is told as what it is, or as a bug of ours."""

import signal
import threading

import duckdb
import pytest

from penstock.errors import Interrupted, RunError, in_words


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        duckdb.OutOfMemoryException("Out of Memory Error: Allocation failure"),
        RuntimeError("can't start new thread"),
        ImportError("some.so: failed to map segment from shared object"),
        ImportError("some.so: cannot allocate memory in static TLS block"),
    ],
)
def test_too_little_memory(error):
    told = in_words(error)
    assert (type(told), told.code) == (RunError, "PSK-RUN-020")


def test_a_signal_while_duckdb_works():
    """DuckDB sees the signal itself, between two vectors, and raises what it likes."""

    def interrupted(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupted)
    threading.Timer(0.3, signal.raise_signal, (signal.SIGINT,)).start()
    try:
        one = {"threads": 1}  # it waits for the others
        with duckdb.connect(config=one) as connection, pytest.raises(BaseException) as raised:  # noqa: PT011
            connection.execute("SELECT sum(sqrt(range)) FROM range(1000000000000)")
    finally:
        signal.signal(signal.SIGINT, before)
    assert isinstance(in_words(raised.value), Interrupted)


@pytest.mark.parametrize(
    "error", [ImportError("no module named x"), RuntimeError("other"), KeyError("a")]
)
def test_a_bug_stays_a_bug(error):
    assert in_words(error) is None
