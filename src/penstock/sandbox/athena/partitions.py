"""The partitions of a table: those that the catalog lists, or those that its properties compute."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from penstock.sandbox.athena.refusal import QueryError, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.sandbox.athena.cloud import Cloud

NULL = "__HIVE_DEFAULT_PARTITION__"


def partitions(cloud: Cloud, table: Mapping[str, Any]) -> list[tuple[str, list[str | None]]]:
    """Folder of each partition, and the values of its columns; one without, if there are none."""
    location = table["StorageDescriptor"]["Location"].rstrip("/")
    names = [c["Name"] for c in table.get("PartitionKeys", ())]
    if not names:
        return [(location, [])]
    told = table.get("Parameters", {})
    if told.get("projection.enabled") == "true":
        return _computed(cloud, told, names, location)
    pages = cloud.client("glue").get_paginator("get_partitions")
    where = {"DatabaseName": table["DatabaseName"], "TableName": table["Name"]}
    return [
        (
            p["StorageDescriptor"]["Location"].rstrip("/"),
            [None if v == NULL else v for v in p["Values"]],
        )
        for page in pages.paginate(**where)
        for p in page["Partitions"]
    ]


def _computed(
    cloud: Cloud, told: Mapping[str, str], names: Sequence[str], location: str
) -> list[tuple[str, list[str | None]]]:
    """Every folder that is there and whose values are in the ranges.

    https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
    """
    usual = "/".join(f"{n}=${{{n}}}" for n in names)
    template = told.get("storage.location.template", f"{location}/{usual}").rstrip("/")
    if not template.endswith(f"/{usual}"):
        raise unknown(f"the template {template}")
    top = template.removesuffix(f"/{usual}")
    shape = re.compile("/".join(f"{re.escape(n)}=([^/]*)" for n in names))
    found: dict[str, list[str | None]] = {}
    for url in cloud.objects(top):
        folder = url.removeprefix(f"{top}/").rpartition("/")[0]
        match = shape.fullmatch(folder)
        values = [unquote(v) for v in match.groups()] if match else []
        if match and all(_in_range(told, n, v) for n, v in zip(names, values, strict=True)):
            found[f"{top}/{folder}"] = [*values]
    return sorted(found.items())


def _in_range(told: Mapping[str, str], name: str, value: str) -> bool:
    start = f"projection.{name}"
    kind = told.get(f"{start}.type")
    if kind == "enum":
        return value in told[f"{start}.values"].split(",")
    low, _, high = told.get(f"{start}.range", "").partition(",")
    if kind == "integer":
        return value.lstrip("-").isdigit() and int(low) <= int(value) <= int(high)
    if kind == "date":
        if told.get(f"{start}.format") != "yyyy-MM-dd":
            raise unknown(f"the date format {told.get(f'{start}.format')}")
        try:
            return date.fromisoformat(low) <= date.fromisoformat(value) <= date.fromisoformat(high)
        except ValueError:
            return False
    raise QueryError(
        f"INVALID_TABLE_PROPERTY: partition column {name} has no projection configuration"
        if kind is None
        else f"the sandbox's Athena does not know projection of type {kind}"
    )
