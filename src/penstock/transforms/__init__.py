"""The declarative steps: a literal table of lazy loaders.

To add a step, write its file (copy `filter.py`) and put its line here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.transforms.base import Step, StepOf

__all__ = ["STEPS", "load"]

STEPS: Mapping[str, str] = {
    "rename": "penstock.transforms.rename:Rename",
    "select": "penstock.transforms.select:Select",
    "drop": "penstock.transforms.drop:Drop",
    "cast": "penstock.transforms.cast:Cast",
    "derive": "penstock.transforms.derive:Derive",
    "filter": "penstock.transforms.filter:Filter",
    "nulls": "penstock.transforms.nulls:Nulls",
    "standardize": "penstock.transforms.standardize:Standardize",
    "outliers": "penstock.transforms.outliers:Outliers",
    "deduplicate": "penstock.transforms.deduplicate:Deduplicate",
    "lookup": "penstock.transforms.lookup:Lookup",
    "calendar": "penstock.transforms.calendar:Calendar",
    "geocode": "penstock.transforms.geocode:Geocode",
    "validate": "penstock.transforms.validate:Validate",
    "surrogate_key": "penstock.transforms.surrogate_key:SurrogateKey",
    "sessionize": "penstock.transforms.sessionize:Sessionize",
    "aggregate": "penstock.transforms.aggregate:Aggregate",
    "top": "penstock.transforms.top:Top",
    "rollup": "penstock.transforms.rollup:Rollup",
    "cube": "penstock.transforms.cube:Cube",
    "window": "penstock.transforms.window:Window",
    "sample": "penstock.transforms.sample:Sample",
    "unpivot": "penstock.transforms.unpivot:Unpivot",
    "pivot": "penstock.transforms.pivot:Pivot",
    "explode": "penstock.transforms.explode:Explode",
    "flatten": "penstock.transforms.flatten:Flatten",
    "nest": "penstock.transforms.nest:Nest",
    "split": "penstock.transforms.split:Split",
    "join_columns": "penstock.transforms.join_columns:JoinColumns",
    "union": "penstock.transforms.union:Union",
    "scale": "penstock.transforms.scale:Scale",
    "encode": "penstock.transforms.encode:Encode",
    "conform": "penstock.transforms.conform:Conform",
    "parse_url": "penstock.transforms.parse_url:ParseUrl",
    "statistics": "penstock.transforms.statistics:Statistics",
    "scd1": "penstock.transforms.scd1:Scd1",
    "scd2": "penstock.transforms.scd2:Scd2",
    "snapshot": "penstock.transforms.snapshot:Snapshot",
    "apply_changes": "penstock.transforms.apply_changes:ApplyChanges",
    "parse_json": "penstock.transforms.parse_json:ParseJson",
}


def load(step: str) -> type[Step | StepOf[Any]]:
    """The model of a step's options.

    Raises:
        KeyError: there is no step of that name.

    >>> load("filter").__name__
    'Filter'
    """
    module, _, attribute = STEPS[step].partition(":")
    found: type[Step | StepOf[Any]] = getattr(import_module(module), attribute)
    return found
