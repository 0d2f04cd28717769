"""Data is checked against any model, and what does not fit is said in plain words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import pytest
from pydantic import Field

from penstock.spec import check, read_yaml, refuse
from penstock.spec.base import Model, Name
from penstock.spec.shapes import known_keys
from penstock.spec.wording import shown


class Column(Model):
    type: str
    size: int = Field(default=1, ge=1)


class Shape(Model):
    """Something to check."""

    from_: Name | None = Field(default=None, alias="from")
    columns: dict[str, str | Column] = Field(default_factory=dict)
    tags: list[Literal["a", "b"]] = Field(default_factory=list)
    many: list[str] | str | None = None
    ratio: float = 0.5
    keep: bool = False


@dataclass
class Options:
    """What a connector takes."""

    path: str
    header: bool = True
    delimiter: Literal[",", ";"] = ","
    nested: dict[str, int] = field(default_factory=dict)


def told(text: str, model=Shape, **options):
    document = read_yaml(text, "a.yaml")
    found, problems = check(
        model, document.data["x"], ("x",), document.positions, noun="shape `x`", **options
    )
    assert (found is None) == bool(problems)
    return [(d.code[-3:], str(d.span)[7:], d.message, d.hint) for d in problems]


def test_what_fits_is_typed():
    document = read_yaml("x: {from: a, columns: {b: {type: int}}, many: y}", "a.yaml")
    found, problems = check(Shape, document.data["x"], ("x",), document.positions, noun="x")
    assert problems == []
    assert isinstance(found.columns["b"], Column)
    assert found.from_ == "a"


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("x: {form: a}", ("021", "1:5", "unknown key `form` in shape `x`", "did you mean `from`?")),
        ("x: {from_: a}", ("021", "1:5", "unknown key `from_` in shape `x`", "did you mean `from`?")),
        ("x: {columns: {c: {type: t, sze: 2}}}",
         ("021", "1:28", "unknown key `sze` in `columns.c` of shape `x`", "did you mean `size`?")),
        ("x: {columns: {c: {size: 2}}}", ("022", "1:15", "`columns.c` of shape `x` needs `type`", None)),
        ("x: {columns: {c: 5}}",
         ("023", "1:18", "`columns.c` of shape `x` must be text or a mapping, and is the number 5", None)),
        ("x: {columns: [c]}",
         ("023", "1:14", "`columns` of shape `x` must be a mapping, and is a list", None)),
        ("x: {ratio: much}",
         ("023", "1:12", "`ratio` of shape `x` must be a number, and is the text `much`", None)),
        ("x: {keep: maybe}",
         ("023", "1:11", "`keep` of shape `x` must be true or false, and is the text `maybe`", None)),
        ("x: {many: [a, 5]}",
         ("023", "1:15", "`many[2]` of shape `x` must be text, and is the number 5",
          'if the text is meant, put it in quotes: "5"')),
        ("x: {tags: [a, bb]}",
         ("024", "1:15", "`tags[2]` of shape `x` cannot be the text `bb`", "did you mean `b`?")),
        ("x: {tags: [a, zzz]}",
         ("024", "1:15", "`tags[2]` of shape `x` cannot be the text `zzz`", "known: a, b")),
        ("x: {columns: {c: {type: t, size: 0}}}",
         ("025", "1:34", "`columns.c.size` of shape `x`: it must be at least 1, and is 0", None)),
        ("x:", ("023", "1:1", "shape `x` must be a mapping, and is empty", None)),
    ],
)  # fmt: skip
def test_what_does_not_fit(text: str, finding: tuple):
    assert told(text) == [finding]


def test_everything_is_told_at_once():
    found = told("x: {frm: a, ratio: x, tags: b, columns: {a: 1, b: {typ: x}}}")
    assert [f[0] for f in sorted(found, key=lambda f: f[1])] == ["023", "023", "023", "022", "021", "021"]  # fmt: skip


def test_a_dataclass_is_checked_alike():
    assert told("x: {pth: a}", Options, area="SRC") == [
        ("022", "1:1", "shape `x` needs `path`", None),
        ("021", "1:5", "unknown key `pth` in shape `x`", "did you mean `path`?"),
    ]
    assert told("x: {path: a, nested: {k: v}}", Options)[0][:3] == (
        "023", "1:26", "`nested.k` of shape `x` must be a whole number, and is the text `v`",
    )  # fmt: skip


def test_further_keys_are_suggested():
    assert told("x: {path: a, schma: b}", Options, also_known=["schema"])[0][3] == (
        "did you mean `schema`?"
    )


def test_the_area_makes_the_code():
    document = read_yaml("x: {a: 1}", "a.yaml")
    _, problems = check(
        Shape, document.data["x"], ("x",), document.positions, area="STEP", noun="n"
    )
    assert [d.code for d in problems] == ["PSK-STEP-021"]


def test_a_validator_refuses_in_its_own_words():
    from typing import Annotated

    from pydantic import AfterValidator

    def odd(value: int) -> int:
        raise refuse("it is odd", hint="take an even one", code="PSK-TYPE-001")

    document = read_yaml("x: {a: 1}", "a.yaml")
    _, (found,) = check(
        dict[str, Annotated[int, AfterValidator(odd)]], {"a": 1}, ("x",), document.positions, noun="n"
    )  # fmt: skip
    assert (found.code, found.message, found.hint) == (
        "PSK-TYPE-001", "`a` of n: it is odd", "take an even one",
    )  # fmt: skip


def test_keys_below_unions_lists_and_aliases():
    assert known_keys(Shape, ()) == {"from", "columns", "tags", "many", "ratio", "keep"}
    assert known_keys(list[Shape], (0, "columns", "any")) == {"type", "size"}
    assert known_keys(Shape, ("ratio",)) == set()


def test_values_in_words():
    assert shown("x" * 100) == f"the text `{'x' * 57}…`"
    assert shown({}) == "a mapping"
    assert shown(True) == "true"
