"""What Trino's Glue client asks for, or expects in an answer, and moto leaves out.

https://docs.aws.amazon.com/glue/latest/webapi/API_StorageDescriptor.html
"""

from __future__ import annotations

from typing import Any

_STORAGE: dict[str, Any] = {
    "NumberOfBuckets": 0,
    "Compressed": False,
    "StoredAsSubDirectories": False,
    "Columns": [],
    "BucketColumns": [],
    "SortColumns": [],
    "Parameters": {},
}


def install() -> None:
    """Have moto's Glue answer as Glue does."""
    from moto.core.responses import ActionResult, EmptyResult
    from moto.glue.models import FakePartition, FakeTable
    from moto.glue.responses import GlueResponse

    for kind in (FakeTable, FakePartition):
        kind.as_dict = _filled(kind.as_dict)
    # Statistics of columns: there are none.
    for what in ("table", "partition"):
        name = f"column_statistics_for_{what}"
        nothing: dict[str, Any] = {"ColumnStatisticsList": [], "Errors": []}
        setattr(GlueResponse, f"get_{name}", lambda _, told=nothing: ActionResult(told))
        setattr(GlueResponse, f"update_{name}", lambda _: ActionResult({"Errors": []}))
        setattr(GlueResponse, f"delete_{name}", lambda _: EmptyResult())
    several = GlueResponse.batch_get_partition

    def batch_get_partition(self: Any) -> Any:
        answer = several(self)
        told = getattr(answer, "_result", None)
        if isinstance(told, dict):
            told.setdefault("UnprocessedKeys", [])
        return answer

    GlueResponse.batch_get_partition = batch_get_partition


def _filled(as_dict: Any) -> Any:
    def filled(self: Any, *args: Any, **named: Any) -> dict[str, Any]:
        told = {"Parameters": {}, **as_dict(self, *args, **named)}
        storage = told.get("StorageDescriptor")
        if storage is not None:
            serde = {"Parameters": {}, **(storage.get("SerdeInfo") or {})}
            told["StorageDescriptor"] = {**_STORAGE, **storage, "SerdeInfo": serde}
        return told

    return filled
