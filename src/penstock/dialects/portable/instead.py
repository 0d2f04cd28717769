"""What to write instead of syntax that the portable language has not got."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLE = "hand it in as a variable of the pipeline: $name"
INSTEAD: Mapping[type[exp.Expr], str] = {
    exp.Collate: "texts compare by code point everywhere: compare or order by lower(x)",
    exp.Glob: "x LIKE 'a%', or regexp_full_match(x, '…')",
    exp.ByteString: "write it in plain quotes; chr(10) is the end of a line, chr(9) a tab",
    exp.UnicodeString: "write the letter itself, or chr(233)",
    exp.Abs: "abs(x)",
    exp.CurrentUser: _VARIABLE,
    exp.SessionUser: _VARIABLE,
    exp.CurrentSchema: _VARIABLE,
}
