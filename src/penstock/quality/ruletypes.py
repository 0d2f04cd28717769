"""The rule types of DQDL: a literal table of declarations.

Each one is described at `url(name)`. To compile another, write its builder (`checks/`), name
it there and take its `gap` away here; the parser needs no change.

AWS's own list: https://docs.aws.amazon.com/glue/latest/dg/dqdl-rule-types.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

_PAGES = "https://docs.aws.amazon.com/glue/latest/dg/dqdl-rule-types-"

Level = Literal["rows", "dataset"]


@dataclass(frozen=True, slots=True)
class Gap:
    """Why DQDL that is right is not evaluated here.

    Attributes:
        kind: `notimpl`: Penstock does not do it yet; `never`: it has no meaning here.
    """

    kind: Literal["notimpl", "never"]
    reason: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """What stands behind a rule type's name.

    Attributes:
        column: whether it names a column of the dataset.
        at_least: how many are needed.
        at_most: None: any number.
    """

    noun: str
    column: bool = True
    at_least: int = 1
    at_most: int | None = 1


@dataclass(frozen=True, slots=True)
class RuleType:
    """One rule type.

    Attributes:
        says: what it checks.
        level: whether it judges each row, so that rows can be set aside, or the whole.
        condition: whether an expression follows.
        threshold: whether `with threshold` may follow.
        where: whether `where` may follow.
        gap: None: it is compiled.
    """

    says: str
    parameters: tuple[Parameter, ...] = ()
    level: Level = "dataset"
    condition: Literal["none", "optional", "needed"] = "needed"
    threshold: bool = False
    where: bool = True
    gap: Gap | None = None


def url(name: str) -> str:
    """AWS's page about a rule type."""
    return f"{_PAGES}{name}.html"


_COLUMN = (Parameter("column"),)
_COLUMNS = (Parameter("column", at_most=None),)
_OTHER = Parameter("dataset", column=False)
_SQL = (Parameter("SQL statement", column=False),)
_PATHS = (Parameter("path", column=False, at_least=0, at_most=2),)
_LATER = Gap("notimpl", "Penstock does not evaluate it yet")
_HISTORY = Gap("notimpl", "it compares with earlier runs, which rules cannot see yet")
_FILES = Gap("never", "it looks at files in S3; a source's own checks see files here")

RULE_TYPES: dict[str, RuleType] = {
    "ColumnExists": RuleType("the column is there", _COLUMN, condition="none", where=False),
    "ColumnValues": RuleType(
        "every value meets the condition", _COLUMN, level="rows", threshold=True
    ),
    "Completeness": RuleType("the share of values that are not NULL", _COLUMN),
    "CustomSql": RuleType(
        "what a SELECT over `primary` gives",
        _SQL,
        level="rows",
        condition="optional",
        threshold=True,
        where=False,
    ),
    "IsComplete": RuleType("no value is NULL", _COLUMN, level="rows", condition="none"),
    "IsPrimaryKey": RuleType(
        "no value is NULL and none is there twice", _COLUMNS, level="rows", condition="none"
    ),
    "IsUnique": RuleType("no value is there twice", _COLUMNS, level="rows", condition="none"),
    "RowCount": RuleType("how many rows there are"),
    "Uniqueness": RuleType("the share of values that are there exactly once", _COLUMNS),
    # Known to DQDL, not compiled yet.
    "AggregateMatch": RuleType(
        "two aggregates agree",
        (Parameter("aggregate", column=False, at_least=2, at_most=2),),
        where=False,
        gap=_LATER,
    ),
    "AllStatistics": RuleType(
        "an analyzer", _COLUMN, condition="none", gap=Gap("never", "it is an analyzer, not a rule")
    ),
    "ColumnCorrelation": RuleType(
        "how two columns correlate", (Parameter("column", at_least=2, at_most=2),), gap=_LATER
    ),
    "ColumnCount": RuleType("how many columns there are", where=False, gap=_LATER),
    "ColumnDataType": RuleType(
        "values can be read as a type", _COLUMN, level="rows", threshold=True, gap=_LATER
    ),
    "ColumnLength": RuleType("the length of every value", _COLUMN, level="rows", gap=_LATER),
    "ColumnNamesMatchPattern": RuleType(
        "column names match a pattern",
        (Parameter("pattern", column=False),),
        condition="none",
        where=False,
        gap=_LATER,
    ),
    "DataFreshness": RuleType("the age of every value", _COLUMN, level="rows", gap=_LATER),
    "DatasetMatch": RuleType(
        "rows agree with another dataset",
        (Parameter("dataset or column mapping", column=False, at_least=2, at_most=3),),
        level="rows",
        where=False,
        gap=_LATER,
    ),
    "DetectAnomalies": RuleType(
        "a metric is not out of line",
        (Parameter("metric", column=False, at_most=None),),
        condition="none",
        where=False,
        gap=_HISTORY,
    ),
    "DistinctValuesCount": RuleType("how many different values there are", _COLUMN, gap=_LATER),
    "Distribution": RuleType(
        "how values are distributed", _COLUMN, "dataset", "optional", gap=_LATER
    ),
    "Entropy": RuleType("the entropy of the values", _COLUMN, gap=_LATER),
    "FileFreshness": RuleType("the age of files", _PATHS, where=False, gap=_FILES),
    "FileMatch": RuleType("files agree", _PATHS, condition="optional", where=False, gap=_FILES),
    "FileSize": RuleType("the size of files", _PATHS, where=False, gap=_FILES),
    "FileUniqueness": RuleType("files differ", _PATHS, where=False, gap=_FILES),
    "Mean": RuleType("the mean of the values", _COLUMN, gap=_LATER),
    "ReferentialIntegrity": RuleType(
        "values are found in another dataset",
        (Parameter("column list", column=False, at_least=2, at_most=2),),
        level="rows",
        where=False,
        gap=_LATER,
    ),
    "RowCountMatch": RuleType("row counts agree", (_OTHER,), where=False, gap=_LATER),
    "SchemaMatch": RuleType("schemas agree", (_OTHER,), where=False, gap=_LATER),
    "StandardDeviation": RuleType("the standard deviation of the values", _COLUMN, gap=_LATER),
    "Sum": RuleType("the sum of the values", _COLUMN, gap=_LATER),
    "UniqueValueRatio": RuleType(
        "values that are there once, as a share of the different values", _COLUMN, gap=_LATER
    ),
    "Variance": RuleType("the variance of the values", _COLUMN, gap=_LATER),
}
