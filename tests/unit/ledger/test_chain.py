"""The chain finds whatever was done to single entries, and says which."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.runtime.ledger.chain import GENESIS, entry_hash, seal, verify


def trail(count):
    entries, previous = [], GENESIS
    for number in range(1, count + 1):
        entry = seal(number, "2026", "me", "did", "p", f"s{number}", {"n": number}, previous)
        entries.append(entry)
        previous = entry.hash
    return entries, (count, previous)


def told(entries, head):
    return [(f.kind, f.number) for f in verify(entries, head)]


def renumbered(entries):
    return [replace(e, number=i) for i, e in enumerate(entries, start=1)]


def test_a_whole_chain():
    assert verify(*trail(0)) == []
    assert verify(*trail(9)) == []


@pytest.mark.parametrize(
    "change",
    [{"at": "2027"}, {"actor": "you"}, {"detail": {"n": 99}}, {"subject": "x"}, {"hash": "f" * 64},
     {"detail": {"n": b"bytes"}}, {"previous": "0" * 63 + "1"}],
)  # fmt: skip
@pytest.mark.parametrize("number", [1, 4, 9])
def test_changed(number, change):
    entries, head = trail(9)
    entries[number - 1] = replace(entries[number - 1], **change)
    found = told(entries, head)
    assert ("changed", number) in found
    assert {kind for kind, _ in found} == {"changed"}


@pytest.mark.parametrize("number", [1, 4, 9])
def test_changed_and_hashed_anew(number):
    entries, head = trail(9)
    forged = replace(entries[number - 1], actor="you")
    entries[number - 1] = replace(forged, hash=entry_hash(forged))
    assert told(entries, head) == [("changed", number)]


@pytest.mark.parametrize("numbers", [[1], [4], [9], [1, 2], [3, 4, 5], [8, 9], [2, 7]])
def test_removed(numbers):
    entries, head = trail(9)
    left = [e for e in entries if e.number not in numbers]
    found = verify(left, head)
    assert {f.kind for f in found} == {"removed"}
    assert found[0].number == numbers[0]
    if len(numbers) == 3:
        assert found[0].message == "entries 3 to 5 are gone"


def test_all_removed():
    _, head = trail(9)
    assert told([], head) == [("removed", 1)]


def test_removed_and_the_rest_moved_up():
    entries, head = trail(9)
    del entries[3]
    assert told(renumbered(entries), head) == [("moved", 4), ("removed", 9)]


def test_removed_at_the_end_with_a_head_that_was_set_back_has_another_hash():
    entries, head = trail(9)
    assert told(entries[:-1], (8, head[1])) == [("changed", 8)]


def test_inserted_at_the_end():
    entries, head = trail(9)
    forged = seal(10, "2026", "you", "did", "p", "s", {}, entries[-1].hash)
    assert told([*entries, forged], head) == [("inserted", 10)]


def test_inserted_before_the_first():
    entries, head = trail(3)
    forged = seal(0, "2026", "you", "did", "p", "s", {}, GENESIS)
    assert told([forged, *entries], head) == [("inserted", 0)]


@pytest.mark.parametrize("at", [1, 5])
def test_inserted_and_the_rest_moved_down(at):
    entries, head = trail(9)
    previous = entries[at - 2].hash if at > 1 else GENESIS
    entries.insert(at - 1, seal(at, "2026", "you", "did", "p", "s", {}, previous))
    found = verify(renumbered(entries), head)
    assert [(f.kind, f.number) for f in found] == [("moved", at + 1), ("inserted", 10)]
    assert f"written as entry {at}" in found[0].message


def test_reordered():
    entries, head = trail(9)
    entries[2], entries[6] = entries[6], entries[2]
    found = told(renumbered(entries), head)
    assert ("moved", 3) in found
    assert ("moved", 7) in found
    assert {n for _, n in found} <= {3, 4, 7, 8}


def test_the_note_of_the_last_entry_is_gone():
    entries, _ = trail(2)
    assert told(entries, None) == [("removed", 0)]


def test_every_fault_is_told():
    entries, head = trail(20)
    entries[2] = replace(entries[2], actor="you")
    del entries[9]
    entries[14] = replace(entries[14], detail={})
    assert told(entries, head) == [("changed", 3), ("removed", 10), ("changed", 16)]


@given(st.integers(2, 12), st.data())
def test_nothing_done_to_a_chain_goes_unnoticed(count, data):
    entries, head = trail(count)
    number = data.draw(st.integers(0, count - 1))
    do = data.draw(st.sampled_from(["remove", "swap", "repeat", "change", "rehash"]))
    if do == "remove":
        del entries[number]
    elif do == "swap":
        other = data.draw(st.integers(0, count - 1).filter(lambda n: n != number))
        entries[number], entries[other] = entries[other], entries[number]
    elif do == "repeat":
        entries.insert(number, entries[number])
    else:
        forged = replace(entries[number], subject="other")
        entries[number] = replace(forged, hash=entry_hash(forged)) if do == "rehash" else forged
    if data.draw(st.booleans()):
        entries = renumbered(entries)
    if do == "repeat" and len({e.number for e in entries}) < len(entries):
        return  # two entries of one number cannot be kept
    assert verify(entries, head) != []
