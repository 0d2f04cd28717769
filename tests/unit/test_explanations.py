"""Every code is explained, in one form, and the examples are what they say they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from penstock import explanations
from penstock.errors import InvalidDefinition, PenstockError
from penstock.spec import load_definition

SOURCE = Path(explanations.__file__).parents[1]
CODE = re.compile(r"PSK-[A-Z]+-\d{3}(?!\d)")
FORM = re.compile(
    r"# [^\n]+[^.\n]\n\n"
    r"(?P<about>(?!#).+?)\n\n"
    r"## Wrong\n```(?P<w>\w+)\n(?P<wrong>.+?)\n```\n\n"
    r"## Right\n```(?P<r>\w+)\n(?P<right>.+?)\n```\n",
    re.DOTALL,
)
# Codes that `spec.check` and quality put together from an area and a number.
BUILT = {
    f"PSK-{area}-02{n}" for area in ("YAML", "SRC", "TGT", "STEP", "TEST") for n in range(1, 6)
} | {f"PSK-DQ-02{n}" for n in (1, 2, 3, 5)}


def used() -> dict[str, str]:
    """Code → a file that uses it."""
    return {
        code: str(file.relative_to(SOURCE))
        for file in sorted(SOURCE.rglob("*.py"))
        for code in CODE.findall(file.read_text(encoding="utf-8"))
    }


def test_every_code_in_use_is_explained():
    missing = {c: f for c, f in used().items() if c not in explanations.codes()}
    assert not missing
    assert set(explanations.codes()) >= BUILT


def test_nothing_is_explained_that_is_not_in_use():
    assert set(explanations.codes()) - set(used()) - BUILT == set()


@pytest.mark.parametrize("code", explanations.codes())
def test_the_form_of_an_explanation(code: str):
    text = explanations.text(code)
    found = FORM.fullmatch(text)
    assert found, "title, text, ## Wrong with one block, ## Right with one block"
    assert found["wrong"] != found["right"]
    assert max(map(len, text.splitlines())) <= 120


def examples() -> list[tuple[str, str, str]]:
    """Code, wrong and right of the explanations whose examples are whole pipeline files."""
    whole = []
    for code in explanations.codes():
        found = FORM.fullmatch(explanations.text(code))
        if found and found["w"] == "yaml" and found["right"].startswith("name:"):
            whole.append((code, found["wrong"], found["right"]))
    return whole


def told(folder: Path, text: str) -> list[str]:
    """The codes of everything told of a pipeline file."""
    (folder / "pipeline.yaml").write_text(text, encoding="utf-8")
    try:
        definition = load_definition(folder, environment={})
    except InvalidDefinition as error:
        return [d.code for d in error.diagnostics]
    from penstock.compiler import compile_definition

    return [d.code for d in compile_definition(definition).diagnostics]


@pytest.mark.parametrize(("code", "wrong", "right"), examples(), ids=[e[0] for e in examples()])
def test_the_examples_of_an_explanation(code: str, wrong: str, right: str, tmp_path: Path):
    assert code in told(tmp_path, wrong)
    assert code not in told(tmp_path, right)


def test_enough_examples_are_run():
    assert len(examples()) > 30


def test_parts_of_an_explanation():
    parts = explanations.sections("PSK-YAML-003")
    assert parts["title"] == "A key given twice"
    assert "keep the last and say nothing" in parts["text"]
    assert parts["wrong"].count("variables:") == 2
    assert parts["right"].startswith("```yaml\n")


def test_a_code_that_is_not_explained():
    with pytest.raises(KeyError):
        explanations.text("PSK-YAML-999")


def test_errors_of_python_have_explained_codes():
    def tree(root: type[PenstockError]) -> list[type[PenstockError]]:
        return [root, *(t for sub in root.__subclasses__() for t in tree(sub))]

    assert {e.default_code for e in tree(PenstockError)} <= set(explanations.codes())
