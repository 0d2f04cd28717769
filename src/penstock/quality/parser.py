"""Reads DQDL: recursive descent over tokens, going on at the next rule after an error.

The grammar is the one AWS publishes (https://github.com/awslabs/dqdl):

    document  = { section | rules }
    section   = NAME "=" "[" rules "]"                  Rules, Analyzers, …
    rules     = rule { "," rule }
    rule      = joined { "or" joined }                  each in parentheses
    joined    = unit { "and" unit }
    unit      = "(" rule ")" | simple
    simple    = TYPE { ["of" | "and"] parameter } [ condition ]
                [ "where" STRING ] { "with" NAME condition }
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.diagnostics import did_you_mean
from penstock.quality import conditions
from penstock.quality.ast import Composite, Logical, Place, Rule, Simple, Text
from penstock.quality.cursor import KEYWORDS, Cursor, SyntaxStop
from penstock.quality.declared import GAP, check_declared
from penstock.quality.errors import ParsedRules
from penstock.quality.ruletypes import RULE_TYPES

if TYPE_CHECKING:
    from penstock.quality.ast import Condition
    from penstock.quality.lexer import Token

_SECTIONS = {
    "Analyzers": "analyzers are not evaluated yet",
    "DefaultLabels": "labels are not carried yet",
    "Metadata": "metadata has no meaning here",
    "DataSources": "other datasets are named by their own names here",
}


def parse_rules(text: str) -> ParsedRules:
    """Read one rule, several separated by commas, or a `Rules = [ … ]` document.

    Never raises. Every error of the text is found: what cannot be read, unknown rule types,
    what a type's declaration does not allow, and DQDL that is not evaluated here. Rules without
    an error are returned.

    >>> parse_rules('IsComplete "carrier"').rules[0].type
    'IsComplete'
    >>> parse_rules('IsCompleat "carrier"').errors[0].hint
    'did you mean `IsComplete`?'
    """
    parsed = parse_syntax(text)
    errors = [*parsed.errors]
    for rule in parsed.rules:
        errors += check_declared(rule)
    whole = [
        rule
        for rule in parsed.rules
        if not any(rule.place.offset <= e.offset <= rule.place.end for e in errors)
    ]
    return ParsedRules(tuple(whole), tuple(sorted(errors, key=lambda e: (e.offset, e.code))))


def parse_syntax(text: str) -> ParsedRules:
    """Like `parse_rules`, without looking at what the rule types are declared to take."""
    reader = _Reader(Cursor(text))
    reader.document()
    return ParsedRules(tuple(reader.rules), tuple(reader.cursor.errors))


class _Reader:
    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.rules: list[Rule] = []

    # -- the document
    def document(self) -> None:
        cursor = self.cursor
        if cursor.token.kind == "end" and not cursor.errors:
            cursor.error(cursor.token.place, "there is no rule here")
        while cursor.token.kind != "end":
            if self._section_starts():
                self._section()
            else:
                self._listed(until=None)

    def _section_starts(self) -> bool:
        cursor = self.cursor
        if cursor.token.kind != "name" or not cursor.next.says("="):
            return False
        behind = cursor.tokens[min(cursor.index + 2, len(cursor.tokens) - 1)]
        constant = behind.kind == "string" and cursor.token.text not in RULE_TYPES
        return constant or behind.says("[", "{")

    def _section(self) -> None:
        cursor = self.cursor
        name = cursor.advance()
        cursor.advance()
        if name.text == "Rules":
            cursor.advance()
            self._listed(until="]")
            return
        if name.text in _SECTIONS:
            cursor.error(name.place, f"`{name.text}`: {_SECTIONS[name.text]}", code=GAP)
        elif cursor.token.kind == "string":
            hint = "a variable does it: `${var.NAME}`"
            cursor.error(name.place, "DQDL constants are not read here", hint, GAP)
        else:
            hint = did_you_mean(name.text.capitalize(), ["Rules", *_SECTIONS], noun="sections")
            cursor.error(name.place, f"there is no section called `{name.text}`", hint)
            if name.text.lower() in ("rules", "rule", "ruleset") and cursor.accept("["):
                self._listed(until="]")
                return
        self._skip_value()

    def _skip_value(self) -> None:
        """Skip a section's value: a string, or everything up to the matching bracket."""
        cursor = self.cursor
        open_brackets = 0
        while cursor.token.kind != "end":
            token = cursor.advance()
            open_brackets += _opens(token)
            if open_brackets <= 0:
                return

    # -- a list of rules
    def _listed(self, until: str | None) -> None:
        cursor = self.cursor
        while cursor.token.kind != "end" and not (until and cursor.token.says(until)):
            start = cursor.index
            try:
                self.rules.append(self._whole_rule())
                self._separator(until)
            except SyntaxStop:
                self._recover(start, until)
            if until is None and self._section_starts():
                return
        if until:
            if cursor.token.kind == "end":
                cursor.error(cursor.token.place, f"expected `{until}` to end the list of rules")
            else:
                cursor.advance()

    def _whole_rule(self) -> Rule:
        cursor = self.cursor
        errors = len(cursor.errors)
        rule = self._rule()
        self._labels()
        if len(cursor.errors) > errors:
            # Read to its end, so that the rest of the text can be, but not right.
            raise SyntaxStop
        return rule

    def _separator(self, until: str | None) -> None:
        cursor = self.cursor
        token = cursor.token
        if token.kind == "end" or (until and token.says(until)):
            return
        if cursor.accept(","):
            if cursor.token.kind == "end" and until is None and len(self.rules) > 1:
                return
            if cursor.token.says(",") or (cursor.token.kind == "end" and until is None):
                cursor.error(cursor.previous.place, "a comma, and no rule behind it")
            return
        if token.kind == "name" and (token.text in RULE_TYPES or self._section_starts()):
            if not self._section_starts():
                gap = Place(cursor.previous.place.end, 0)
                cursor.error(gap, "expected a comma between rules", "add `,`")
            return
        raise cursor.stop("expected a comma or the end of the rule")

    def _recover(self, start: int, until: str | None) -> None:
        """Go on behind the next comma outside brackets, or at the next rule type."""
        cursor = self.cursor
        if cursor.index == start and cursor.advance().says(","):
            return
        depth = sum(_opens(token) for token in cursor.tokens[start : cursor.index])
        while cursor.token.kind != "end":
            token = cursor.token
            outside = depth <= 0
            if outside and until and token.says(until):
                return
            if outside and token.kind == "name" and token.text in RULE_TYPES:
                return
            cursor.advance()
            # A rule type behind a comma begins a rule, even if a bracket was never closed.
            if token.says(",") and (outside or cursor.token.text in RULE_TYPES):
                return
            depth += _opens(token)

    # -- rules
    def _rule(self) -> Rule:
        with self.cursor.deeper():
            return self._joined("or")

    def _joined(self, operator: Logical) -> Rule:
        cursor = self.cursor
        first = cursor.index
        parts = [self._unit() if operator == "and" else self._joined("and")]
        bare = [not cursor.tokens[first].says("(")]
        while cursor.accept(operator):
            begin = cursor.index
            parts.append(self._unit() if operator == "and" else self._joined("and"))
            bare.append(not cursor.tokens[begin].says("("))
        if len(parts) == 1:
            return parts[0]
        for part, is_bare in zip(parts, bare, strict=True):
            if is_bare and isinstance(part, Simple):
                message = f"a rule joined by `{operator}` stands in parentheses"
                cursor.error(part.place, message, f"write `({part.text})`")
        return Composite(
            operator,
            tuple(parts),
            cursor.tokens[first].place.to(cursor.previous.place),
            cursor.folded(first, cursor.index),
        )

    def _unit(self) -> Rule:
        cursor = self.cursor
        if not cursor.token.says("("):
            return self._simple()
        cursor.advance()
        inner = self._rule()
        self._labels()
        cursor.expect(")", after="to close the parenthesis")
        return inner

    def _simple(self) -> Simple:
        cursor = self.cursor
        first = cursor.index
        name = cursor.token
        if name.kind != "name" or name.text.lower() in KEYWORDS:
            raise cursor.stop("expected a rule", 'for example `IsComplete "carrier"`')
        cursor.advance()
        parameters = self._parameters()
        condition = conditions.condition(cursor) if conditions.starts(cursor) else None
        where = self._where()
        tags: list[tuple[str, Condition]] = []
        threshold: Condition | None = None
        while cursor.accept("with"):
            tag = cursor.token
            if tag.kind != "name":
                raise cursor.stop("expected `threshold` after `with`")
            cursor.advance()
            value = conditions.condition(cursor)
            if tag.text.lower() != "threshold":
                tags.append((tag.text, value))
            elif threshold is None:
                threshold = value
            else:
                cursor.error(tag.place, "a rule has one threshold")
        self._late_where(where)
        return Simple(
            type=name.text,
            parameters=parameters,
            condition=condition,
            where=where,
            threshold=threshold,
            tags=tuple(tags),
            place=name.place.to(cursor.previous.place),
            type_place=name.place,
            text=cursor.folded(first, cursor.index),
        )

    def _parameters(self) -> tuple[Text, ...]:
        cursor = self.cursor
        found: list[Text] = []
        while True:
            if cursor.token.says("of") or (found and cursor.token.says("and")):
                if not self._is_parameter(cursor.next.kind, cursor.next.text):
                    break
                cursor.advance()
            token = cursor.token
            if token.says("$"):
                conditions.operand(cursor)  # a constant: reports it and stops
            if not self._is_parameter(token.kind, token.text):
                break
            found.append(cursor.advance().string())
        return tuple(found)

    @staticmethod
    def _is_parameter(kind: str, text: str) -> bool:
        if kind == "string":
            return True
        return kind == "name" and text.lower() not in KEYWORDS and text not in RULE_TYPES

    def _where(self) -> Text | None:
        cursor = self.cursor
        if not cursor.accept("where"):
            return None
        if cursor.token.kind != "string":
            raise cursor.stop(
                "expected a SQL condition in double quotes after `where`",
                """for example `where "carrier = 'UA'"`""",
            )
        return cursor.advance().string()

    def _late_where(self, where: Text | None) -> None:
        cursor = self.cursor
        if cursor.token.says("where"):
            place = cursor.token.place
            self._where()
            hint = "write it once" if where else None
            cursor.error(place, "`where` stands before `with threshold`", hint)

    def _labels(self) -> None:
        cursor = self.cursor
        if not (cursor.token.says("labels") and cursor.next.says("=")):
            return
        cursor.error(cursor.token.place, "labels are not carried yet", "take them away", GAP)
        cursor.advance()
        cursor.advance()
        self._skip_value()


def _opens(token: Token) -> int:
    return token.says("[", "(", "{") - token.says("]", ")", "}")
