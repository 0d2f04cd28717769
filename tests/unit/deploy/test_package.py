"""Packages come out the same byte for byte, fit, and say what they are made of."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from penstock.deploy import sbom
from penstock.deploy.package import penstock_files, wheel_files, write_package
from penstock.deploy.wheels import read_wheel
from penstock.errors import BuildError

if TYPE_CHECKING:
    from pathlib import Path


def make_wheel(folder: Path, name: str, files: dict[str, bytes]) -> Path:
    path = folder / f"{name}-1.0-py3-none-any.whl"
    about = f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\nLicense-Expression: MIT\n"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, content in files.items():
            archive.writestr(inside, content)
        archive.writestr(f"{name}-1.0.dist-info/METADATA", about)
        archive.writestr(f"{name}-1.0.dist-info/RECORD", "")
    return path


def test_the_same_input_gives_the_same_bytes_whatever_its_order(tmp_path: Path):
    one = {"a": {"a/x.py": b"x = 1\n"}, "b": {"b/y.py": b"y = 2\n"}}
    other = dict(reversed(one.items()))
    first = write_package(tmp_path / "1" / "p.zip", one)
    second = write_package(tmp_path / "2" / "p.zip", other)
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.sha256 == second.sha256
    assert sbom.write(first, []).read_bytes() == sbom.write(second, []).read_bytes()


def test_a_package_that_is_too_large_is_refused_with_its_largest_parts(tmp_path: Path):
    parts = {f"part{n}": {f"{n}.bin": bytes(n * 1000)} for n in range(1, 9)}
    with pytest.raises(BuildError) as told:
        write_package(tmp_path / "p.zip", parts, budget=20_000)
    assert told.value.code == "PSK-BLD-002"
    named = [p for p in parts if p in told.value.message]
    assert named == ["part4", "part5", "part6", "part7", "part8"]
    assert told.value.message.index("part8") < told.value.message.index("part7")
    assert not (tmp_path / "p.zip").exists()


def test_two_parts_with_the_same_file_are_refused(tmp_path: Path):
    parts = {"duckdb 2.0.0": {"duckdb/x.py": b"1"}, "pipeline": {"duckdb/x.py": b"2"}}
    with pytest.raises(BuildError, match=r"duckdb/x\.py"):
        write_package(tmp_path / "p.zip", parts)


def test_a_wheel_is_installed_without_what_no_function_imports(tmp_path: Path):
    files = {
        "lib/__init__.py": b"1",
        "lib/x.pyi": b"2",
        "lib/tests/test_x.py": b"3",
        "lib-1.0.data/purelib/more.py": b"4",
        "lib-1.0.data/scripts/tool": b"5",
    }
    wheel = read_wheel(make_wheel(tmp_path, "lib", files))
    assert set(wheel_files(wheel)) == {"lib/__init__.py", "more.py", "lib-1.0.dist-info/METADATA"}


def test_a_damaged_wheel_is_told(tmp_path: Path):
    path = tmp_path / "lib-1.0-py3-none-any.whl"
    path.write_bytes(b"not a zip")
    with pytest.raises(BuildError, match="damaged"):
        read_wheel(path)


def test_the_bill_of_materials_names_each_wheel_with_its_digest(tmp_path: Path):
    wheel = read_wheel(make_wheel(tmp_path, "Some_Lib", {"some_lib.py": b"1"}))
    package = write_package(tmp_path / "p.zip", {"some-lib 1.0": wheel_files(wheel)})
    told = json.loads(sbom.write(package, [wheel]).read_text())
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    [_, component] = told["components"]
    assert component["purl"] == "pkg:pypi/some-lib@1.0"
    assert component["hashes"] == [{"alg": "SHA-256", "content": wheel.sha256}]
    assert component["licenses"] == [{"license": {"name": "MIT"}}]


def test_a_worker_has_the_runtime_and_only_the_planner_the_compiler():
    worker, planner = (set(penstock_files(compiler=c)) for c in (False, True))
    assert "penstock/runtime/run.py" in worker
    assert not any(n.startswith(("penstock/compiler", "penstock/spec")) for n in worker)
    assert "penstock/compiler/assemble.py" in planner
    assert not any(n.startswith(("penstock/cli", "penstock/deploy")) for n in planner)
