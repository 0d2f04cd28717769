"""The options of the lake as the pipeline file gives them."""

from __future__ import annotations

import pytest

from penstock.runtime.targets.lake.options import LakeTargetOptions, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [("256 MB", 256_000_000), ("1GB", 10**9), ("64 MiB", 2**26), ("1.5 gb", 1_500_000_000),
     ("2000000", 2_000_000), ("5000 K", 5_000_000)],
)  # fmt: skip
def test_sizes(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MB", "-1 MB", "1 TB", "12 parsecs", "1 MB 2", "1e9"])
def test_what_is_no_size(text):
    with pytest.raises(ValueError, match="is not a file size; write it as `256 MB`"):
        parse_size(text)


def test_a_size_too_small_to_be_meant():
    with pytest.raises(ValueError, match="the least is 1 MB"):
        parse_size("256 KB")


def test_the_compiler_checks_the_size_where_it_stands():
    from pydantic import TypeAdapter, ValidationError

    adapter = TypeAdapter(LakeTargetOptions)
    found = adapter.validate_python({"path": "x", "target_file_size": "64 MB"})
    assert found.file_size_bytes("append") == found.file_size_bytes("merge") == 64_000_000
    with pytest.raises(ValidationError) as told:
        adapter.validate_python({"path": "x", "target_file_size": "12 parsecs", "format": "orc!"})
    assert {e["loc"] for e in told.value.errors()} == {("target_file_size",), ("format",)}
    with pytest.raises(ValidationError, match="tagret"):
        adapter.validate_python({"path": "x", "tagret": "typo"})
    assert adapter.json_schema()["properties"]["target_file_size"]["anyOf"][0]["type"] == "string"


def test_every_format_is_written():
    formats = LakeTargetOptions.capabilities.formats
    assert [f for f, gap in formats.items() if gap is None] == [
        "parquet",
        "orc",
        "delta",
        "iceberg",
    ]


@pytest.mark.parametrize(
    ("text", "found"), [("a", ("a", False)), ("a b DESC", ("a b", True)), ("é asc", ("é", False))]
)
def test_order(text, found):
    assert LakeTargetOptions("x", sort_by=[text]).order == [found]


def test_defaults():
    options = LakeTargetOptions("x")
    assert (options.format, options.compression) == ("parquet", "zstd")
    assert options.file_size_bytes("append") == 256_000_000
    # A merge writes every file with a replaced row anew.
    assert options.file_size_bytes("merge") == 64_000_000
