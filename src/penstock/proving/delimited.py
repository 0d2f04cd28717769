"""CSV text with the place of every field, so that a bad value can be pointed at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a CSV text.

    Attributes:
        text: None for an empty field without quotes (NULL); `""` is an empty text.
        offset: of its first character, the quote included.
    """

    text: str | None
    offset: int
    length: int


def read_csv(text: str) -> list[list[Field]]:
    r"""The records of a CSV text, the header first; lines without anything are left out.

    >>> [[f.text for f in r] for r in read_csv('a,b\n1,\n"x,""y",""\n')]
    [['a', 'b'], ['1', None], ['x,"y', '']]
    """
    records: list[list[Field]] = []
    record: list[Field] = []
    at = 0
    while at < len(text):
        field, at = _field(text, at)
        record.append(field)
        if at < len(text) and text[at] == ",":
            at += 1
            if at == len(text):
                record.append(Field(None, at, 0))
            continue
        at = _line_end(text, at)
        if len(record) > 1 or record[0].length:
            records.append(record)
        record = []
    if record:
        records.append(record)
    return records


def _field(text: str, at: int) -> tuple[Field, int]:
    if text[at] == '"':
        end = at + 1
        while end < len(text):
            if text[end] == '"' and text[end : end + 2] != '""':
                break
            end += 2 if text[end] == '"' else 1
        value = text[at + 1 : end].replace('""', '"')
        end = min(end + 1, len(text))
        return Field(value, at, end - at), _skip_to(text, end)
    end = _skip_to(text, at)
    value = text[at:end].strip()
    return Field(value or None, at, end - at), end


def _skip_to(text: str, at: int) -> int:
    while at < len(text) and text[at] not in ",\r\n":
        at += 1
    return at


def _line_end(text: str, at: int) -> int:
    if text[at : at + 2] == "\r\n":
        return at + 2
    return at + 1
