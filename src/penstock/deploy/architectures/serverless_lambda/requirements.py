"""Which Python packages the functions of a Program need, as pip takes them.

boto3 is not among them: Lambda's runtime brings it
(https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from penstock.program import Program

ALWAYS = ("duckdb", "obstore", "pytz")
PLANNER = ("pydantic", "pyyaml", "sqlglot")
"""What the compiler needs besides."""
UNUSED = frozenset(("markdown-it-py", "mdurl", "pygments", "rich"))
"""What pyiceberg's command line shows tables with; a fortieth of what a function may hold."""
_SOURCES: dict[str, tuple[str, ...]] = {
    "dlt": ("dlt",),
    "postgres": ("psycopg[binary]", "pyarrow"),
    "rest": ("urllib3",),
}
_FORMATS: dict[str, tuple[str, ...]] = {
    "delta": ("deltalake", "pyarrow"),
    "excel": ("openpyxl", "defusedxml"),
    "iceberg": ("pyiceberg[sql-sqlite]", "pyarrow"),
    "orc": ("pyarrow",),
}


def requirements(program: Program) -> list[str]:
    """What a worker and a loader need."""
    found = set(ALWAYS)
    for read in program.reads:
        found.update(_SOURCES.get(read.connector, ()))
        found.update(_of_formats(read.options))
    for load in program.loads:
        found.update(_of_formats(load.options))
    if any(statement.python for statement in program.statements):
        found.add("pyarrow")
    return sorted(found)


def _of_formats(options: dict[str, Any]) -> Iterable[str]:
    path = str(options.get("path") or "").lower()
    named = options.get("format")
    suffix = {"xlsx": "excel", "orc": "orc"}.get(path.rpartition(".")[2])
    return _FORMATS.get(str(named or suffix), ())
