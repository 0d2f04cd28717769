"""What a function printed before it answered is there when it is asked for."""

from __future__ import annotations

import os
import threading

import pytest

from penstock.sandbox.lambdas.said import Said


@pytest.fixture
def pipe():
    out, into = os.pipe()
    with os.fdopen(out, "rb", buffering=0) as stream:
        told = Said(stream)
        with os.fdopen(into, "wb", buffering=0) as said:
            yield told, said
        told.lines(to_the_end=True)


def test_a_line_is_there_however_busy_the_machine_is(pipe):
    told, said = pipe
    done = threading.Event()

    def hog():
        while not done.is_set():
            sum(range(1000))

    hogs = [threading.Thread(target=hog) for _ in range(3)]
    for each in hogs:
        each.start()
    try:
        for number in range(200):
            said.write(f"line {number}\n".encode())
            assert told.lines() == [f"line {number}"]
    finally:
        done.set()
        for each in hogs:
            each.join()


def test_half_a_line_waits_for_its_end(pipe):
    told, said = pipe
    said.write(b"one\ntw")
    assert told.lines() == ["one"]
    said.write(b"o\n\n")
    assert told.lines() == ["two", ""]
    assert told.lines() == []


def test_the_last_words_need_no_line_end(pipe):
    told, said = pipe
    said.write("fin\nZoë\xff".encode("utf-8", "surrogateescape"))
    said.close()
    assert told.lines(to_the_end=True) == ["fin", "Zoëÿ"]
    assert told.lines(to_the_end=True) == []


def test_more_than_a_pipe_holds_does_not_stop_the_process(pipe):
    told, said = pipe
    said.write(b"x" * 99 + b"\n")
    for _ in range(50):
        said.write((b"y" * 99 + b"\n") * 500)
    said.close()
    assert len(told.lines(to_the_end=True)) == 25_001
