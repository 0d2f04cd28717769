"""Redshift's SQL as PostgreSQL's.

Words that only say how Redshift stores a table (DISTKEY, SORTKEY, ENCODE …) are checked and left
out. What PostgreSQL knows and Redshift does not is refused, so that SQL that runs here has a chance
to run there; and so is what the sandbox does not know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.sandbox.warehouse.refusal import SqlError, unknown
from penstock.sandbox.warehouse.tokens import Token, closing, tokens, written

if TYPE_CHECKING:
    from collections.abc import Sequence

# https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-features.html
_NOT_THERE = (
    ("ON", "CONFLICT"),
    ("RETURNING",),
    ("DISTINCT", "ON"),
    ("IS", "DISTINCT"),
    ("IS", "NOT", "DISTINCT"),
    ("ARRAY", "["),
    ("->",),
    ("->>",),
    ("LATERAL",),
    ("FILTER", "("),
)
_PLAIN = {"SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "DROP", "GRANT", "REVOKE", "ANALYZE"}
_CREATED = {"TABLE", "TEMP", "TEMPORARY", "VIEW", "SCHEMA"}
_DROPPED = {"TABLE", "VIEW", "SCHEMA"}
# https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html
_TYPES = {
    "SUPER": "jsonb",
    "VARBYTE": "bytea",
    "VARBINARY": "bytea",
    "TEXT": "varchar(256)",
    "DATETIME": "timestamp",
}
_LENGTHS = {"VARCHAR": "65535", "CHAR": "4096", "CHARACTER": "4096"}
_WORDS = {"SYSDATE": "redshift.getdate()"}
LONGEST_NAME = 63
"""Bytes of a name in PostgreSQL; Redshift takes 127."""


def translated(sql: str, *, alone: bool) -> str:
    """A statement for PostgreSQL.

    Args:
        alone: it is no part of a batch, which is one transaction.

    Raises:
        SqlError: Redshift does not know it, or the sandbox does not.
    """
    found = tokens(sql)
    if not found:
        raise SqlError("there is no statement")
    _refuse_foreign(found)
    first = found[0].word
    second = found[1].word if len(found) > 1 else ""
    if first in _PLAIN:
        if first == "DROP" and second not in _DROPPED:
            raise unknown(f"DROP {second}")
        return written(_casts(found))
    if first == "LOCK":
        if alone:
            raise SqlError("LOCK is only meaningful inside a transaction")
        names = found[2:] if second == "TABLE" else found[1:]
        return f"LOCK TABLE {written(names)} IN ACCESS EXCLUSIVE MODE"
    if first == "TRUNCATE":
        if not alone:
            # https://docs.aws.amazon.com/redshift/latest/dg/r_TRUNCATE.html
            raise unknown("TRUNCATE in a batch: it would commit what came before it")
        return written(found)
    if first == "CREATE" and second in _CREATED:
        return written(_create(found))
    if first == "ALTER" and second == "TABLE":
        return written(_types(_alter(found, alone=alone)))
    if first == "MERGE":
        return written(_merge(found))
    raise unknown(f"the statement {first} {second}".rstrip())


def _refuse_foreign(found: Sequence[Token]) -> None:
    words = [t.word for t in found]
    for gone in _NOT_THERE:
        if any(tuple(words[i : i + len(gone)]) == gone for i in range(len(words))):
            raise SqlError(f"syntax error: Redshift has no {' '.join(gone)}")
    for token in found:
        if token.kind in {"name", "word"} and len(token.value.encode()) > LONGEST_NAME:
            raise unknown(f"names over {LONGEST_NAME} bytes: {token.value}")


def _casts(found: Sequence[Token]) -> list[Token]:
    """The types that stand after `AS` of a CAST and after `::`, and words with another name."""
    done: list[Token] = []
    place = 0
    while place < len(found):
        token = found[place]
        before = found[place - 1].word if place else ""
        end = place
        if before == "::" or (before == "AS" and _in_cast(found, place)):
            if place + 1 < len(found) and found[place + 1].sql == "(":
                end = closing(found, place + 1)
            done += _types(found[place : end + 1])
        elif token.word in _WORDS:
            done.append(Token("sign", _WORDS[token.word]))
        else:
            done.append(token)
        place = end + 1
    return done


def _in_cast(found: Sequence[Token], place: int) -> bool:
    depth = 0
    for at in range(place - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(found[at].sql, 0)
        if depth < 0:
            return at > 0 and found[at - 1].word == "CAST"
    return False


def _types(found: Sequence[Token]) -> list[Token]:
    done: list[Token] = []
    place = 0
    while place < len(found):
        token = found[place]
        bracket = place + 1 < len(found) and found[place + 1].sql == "("
        if token.word in _TYPES:
            done.append(Token("sign", _TYPES[token.word]))
            if bracket:
                place = closing(found, place + 1)
        elif token.word in _LENGTHS and bracket and found[place + 2].word == "MAX":
            done.append(Token("sign", f"varchar({_LENGTHS[token.word]})"))
            place = closing(found, place + 1)
        else:
            done.append(token)
        place += 1
    return done


def _create(found: Sequence[Token]) -> list[Token]:
    """CREATE TABLE without the words about storage; columns named by them must be there.

    https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html
    """
    words = [t.word for t in found]
    if "TABLE" not in words[1:3]:
        return _casts(found)
    columns: set[str] = set()
    keys: list[str] = []
    done: list[Token] = []
    place, depth = 0, 0
    while place < len(found):
        token, word = found[place], found[place].word
        bracket = place + 1 < len(found) and found[place + 1].sql == "("
        depth += {"(": 1, ")": -1}.get(token.sql, 0)
        if word == "AS" and depth == 0:
            done += _casts(found[place:])
            break
        if word == "IDENTITY":
            raise unknown("IDENTITY columns")
        if word in {"DISTKEY", "SORTKEY"}:
            if bracket:
                end = closing(found, place + 1)
                keys += [t.value for t in found[place + 2 : end] if t.sql != ","]
                place = end
        elif word in {"COMPOUND", "INTERLEAVED"}:
            pass
        elif word in {"ENCODE", "DISTSTYLE", "BACKUP"}:
            place += 1
        else:
            if depth == 1 and done and done[-1].sql in {"(", ","} and token.sql != "(":
                columns.add(token.value)
            done.append(token)
        place += 1
    if missing := [k for k in keys if columns and k not in columns]:
        raise SqlError(f'column "{missing[0]}" named in key does not exist')
    return _types(done)


def _alter(found: Sequence[Token], *, alone: bool) -> list[Token]:
    """ALTER TABLE … ADD COLUMN, DROP COLUMN, RENAME, and ALTER COLUMN TYPE of a VARCHAR.

    https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html
    """
    words = [t.word for t in found]
    place = 3
    while place < len(found) and found[place].sql == ".":
        place += 2
    rest = words[place:]
    depth = 0
    for word in rest:
        depth += {"(": 1, ")": -1}.get(word, 0)
        if word == "," and depth == 0:
            raise SqlError("syntax error: one change in each ALTER TABLE")
    if rest[:1] == ["ADD"] and "IF" not in rest:
        plain = list(found)
        if "ENCODE" in rest:
            at = place + rest.index("ENCODE")
            del plain[at : at + 2]
        return plain
    if rest[:1] in (["DROP"], ["RENAME"], ["OWNER"]):
        return list(found)
    if rest[:2] == ["ALTER", "COLUMN"] and "TYPE" in rest:
        if not alone:
            raise SqlError("ALTER TABLE ALTER COLUMN cannot run inside a transaction block")
        if rest[rest.index("TYPE") + 1] != "VARCHAR":
            raise SqlError("only the size of VARCHAR columns can be altered")
        return list(found)
    raise unknown(f"ALTER TABLE {' '.join(w for w in rest[:3] if w)}")


def _merge(found: Sequence[Token]) -> list[Token]:
    """MERGE, with what Redshift asks of it; PostgreSQL 15 takes the rest as it is.

    https://docs.aws.amazon.com/redshift/latest/dg/r_MERGE.html
    """
    words = [t.word for t in found]
    if "USING" not in words:
        raise SqlError("syntax error: MERGE needs USING")
    using = words.index("USING")
    target = [t for t in found[2:using] if t.sql != "."]
    if len(target) != words[2:using].count(".") + 1:
        raise SqlError("syntax error: the target table of MERGE takes no alias")
    if words[using + 1] == "(":
        raise SqlError("the source of MERGE can't be a subquery")
    clauses = [i for i, w in enumerate(words) if w == "WHEN"]
    kinds = ["NOT" in words[i : i + 2] for i in clauses]
    if words[-2:] == ["REMOVE", "DUPLICATES"]:
        raise unknown("MERGE … REMOVE DUPLICATES")
    if sorted(kinds) != [False, True] or any(
        words[i + 1 + n : i + 3 + n] != ["MATCHED", "THEN"]
        for i, n in zip(clauses, map(int, kinds), strict=True)
    ):
        raise SqlError("MERGE takes one WHEN MATCHED THEN and one WHEN NOT MATCHED THEN")
    return _casts(found)
