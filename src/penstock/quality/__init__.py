"""DQDL, the Data Quality Definition Language of AWS Glue: read it, check it, compile it.

`parse_rules` reads a text (one rule, rules separated by commas, or a `Rules = [ … ]` document)
and recovers from every error. `compile_rule` turns one rule over one dataset into a
`penstock.program.Check`. Both give errors as offsets into the text; the compiler's quality pass
knows which file the text came from and makes spans of them.

    text ─▶ lexer ─▶ parser ─▶ Rule (ast) ─▶ compile ─▶ Check
                               ▲ rule types: a literal table of declarations (ruletypes)
"""

from __future__ import annotations

from penstock.quality.ast import Composite, Place, Rule, Simple
from penstock.quality.compile import compile_rule
from penstock.quality.compiled import Binder, BindFailure, CompiledRule, RuleCapabilities
from penstock.quality.errors import ParsedRules, RuleError
from penstock.quality.parser import parse_rules

__all__ = [
    "BindFailure",
    "Binder",
    "CompiledRule",
    "Composite",
    "ParsedRules",
    "Place",
    "Rule",
    "RuleCapabilities",
    "RuleError",
    "Simple",
    "compile_rule",
    "parse_rules",
]
