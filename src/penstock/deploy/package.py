"""Function packages: zips that come out the same, byte for byte, from the same input.

What goes in are whole wheels as pip fetched them for the function's platform (`wheels.py`), the
part of Penstock that runs there, the handlers and the pipeline's own files. Names are sorted, times
are fixed, and no compiled Python is kept, so that Terraform sees a change only where there is one.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from penstock.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from penstock.deploy.wheels import Wheel

LAMBDA_UNZIPPED = 262_144_000
"""Bytes of an unpacked function with its layers: 250 MB, a hard limit of AWS Lambda
(https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.md)."""
_TIME = (1980, 1, 1, 0, 0, 0)  # the first that a zip can hold
_MODE = 0o100644 << 16
_LEVEL = 6  # 9 takes four times as long, for 0.3 % less
_LARGEST = 5
_RUNTIME = (
    "__init__.py",
    "diagnostics.py",
    "errors.py",
    "program.py",
    "quantities.py",
    "types.py",
    "runtime",
)
_COMPILER = ("compiler", "dialects", "explanations", "quality", "spec", "transforms")
# Never imported by a function: type stubs, headers, the libraries' own tests, install records.
_SUFFIXES = (".pyc", ".pyi", ".pxd", ".pyx", ".h", ".hpp", ".cmake")
_FOLDERS = frozenset({"__pycache__", "tests", "include"})
# Large parts that nothing else of their package is linked to or imports: Arrow's RPC, and its own
# libraries under further names (a wheel holds copies for links; they are loaded by the name with a
# single number); the second of zstandard's two engines.
_SPARE = {
    "pyarrow": re.compile(
        r"_?flight\.|libarrow_(python_)?flight\.|libarrow_python\w*\.so(\.\d+\.\d+\.\d+)?$"
    ),
    "zstandard": re.compile(r"_cffi\."),
}
_INSTALLED = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})


@dataclass(frozen=True, slots=True)
class Package:
    """A zip that was written.

    Attributes:
        sha256: of its bytes, in hexadecimal digits.
        unpacked: bytes of all its files.
        parts: what it is made of → its bytes, unpacked.
    """

    path: Path
    sha256: str
    unpacked: int
    parts: dict[str, int] = field(default_factory=dict)


def penstock_files(*, compiler: bool) -> dict[str, bytes]:
    """The part of Penstock that a function needs: path inside the zip → content.

    Args:
        compiler: with what reads and compiles a pipeline folder, for the planner.
    """
    import penstock

    root = Path(penstock.__file__).parent
    found: dict[str, bytes] = {}
    for name in _RUNTIME + (_COMPILER if compiler else ()):
        place = root / name
        files = sorted(place.rglob("*")) if place.is_dir() else [place]
        for file in files:
            inside = file.relative_to(root.parent).as_posix()
            if file.is_file() and _wanted(inside):
                found[inside] = file.read_bytes()
    return found


def wheel_files(wheel: Wheel) -> dict[str, bytes]:
    """What a wheel installs into the folder of packages, without what no function imports."""
    found: dict[str, bytes] = {}
    with zipfile.ZipFile(wheel.path) as archive:
        for name in sorted(archive.namelist()):
            inside = _installed(name)
            if inside and not name.endswith("/") and _wanted(inside):
                found[inside] = archive.read(name)
    return found


def write_package(
    path: Path, parts: Mapping[str, Mapping[str, bytes]], *, budget: int = LAMBDA_UNZIPPED
) -> Package:
    """Write a package.

    Args:
        path: of the zip; an older one is replaced.
        parts: what it is made of (`duckdb 2.0.0`, `penstock`) → path inside the zip → content.
        budget: bytes that all the files may have together.

    Raises:
        BuildError: it is too large, or two parts bring the same file with another content.
    """
    sizes = {part: sum(map(len, files.values())) for part, files in parts.items()}
    unpacked = sum(sizes.values())
    if unpacked > budget:
        raise _too_large(path.name, sizes, budget)
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(_joined(path.name, parts).items()):
            info = zipfile.ZipInfo(name, _TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # Unix, wherever this runs
            info.external_attr = _MODE
            archive.writestr(info, content, compresslevel=_LEVEL)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Package(path, digest, unpacked, sizes)


def _joined(name: str, parts: Mapping[str, Mapping[str, bytes]]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for part, held in parts.items():
        for inside, content in held.items():
            if files.setdefault(inside, content) != content:
                raise BuildError(
                    f"two parts of {name} bring the file `{inside}`, one of them `{part}`",
                    code="PSK-BLD-003",
                    hint="give the pipeline's own file another name",
                )
    return files


def _too_large(name: str, sizes: Mapping[str, int], budget: int) -> BuildError:
    largest = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))[:_LARGEST]
    told = ", ".join(f"{part} {megabytes(size)}" for part, size in largest)
    return BuildError(
        f"the package {name} has {megabytes(sum(sizes.values()))} unpacked, "
        f"and a function takes {megabytes(budget)}; its largest parts: {told}",
        code="PSK-BLD-002",
        hint="leave out the format or Python step that needs the largest part; packages for "
        "`machine: arm64` are smaller than those for x86_64",
    )


def megabytes(size: int) -> str:
    """Bytes as AWS counts MB: of 1,048,576.

    >>> megabytes(262_144_000)
    '250.0 MB'
    """
    return f"{size / 2**20:.1f} MB"


def _installed(name: str) -> str | None:
    """Where a file of a wheel is installed; None: not where Python looks for packages.

    >>> _installed("duckdb/__init__.py"), _installed("x-1.data/purelib/x.py")
    ('duckdb/__init__.py', 'x.py')
    >>> _installed("x-1.data/scripts/x") is None
    True
    """
    head, _, rest = name.partition("/")
    if not head.endswith(".data"):
        return name
    scheme, _, inside = rest.partition("/")
    return inside if scheme in {"purelib", "platlib"} else None


def _wanted(inside: str) -> bool:
    path = PurePosixPath(inside)
    record = path.parent.name.endswith(".dist-info") and path.name in _INSTALLED
    beside = path.suffix in _SUFFIXES or bool(_FOLDERS.intersection(path.parts[:-1]))
    spare = _SPARE.get(path.parts[0])
    return not (record or beside or (spare is not None and spare.match(path.name)))


def sources_of(folder: Path, names: Iterable[str]) -> dict[str, bytes]:
    """Files of a folder, by their names."""
    return {name: (folder / name).read_bytes() for name in names}
