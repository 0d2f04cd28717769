"""Text: characters are code points; nothing depends on a locale."""

from __future__ import annotations

from penstock.dialects.portable.entry import function, on

FUNCTIONS = (
    function(
        "lpad",
        "text",
        "Puts a text before another up to a number of characters; cuts what is longer.",
        on("varchar, whole, varchar", every="lpad({0}, CAST({1} AS INTEGER), {2})"),
        cases=["lpad(s, 5, '*')"],
    ),
)
