"""Which keys of a bucket a glob means: what it means for files, over names that hold `/`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MAGIC = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys an address names.

    Attributes:
        pattern: the key or glob, without the bucket.
        folder: what every key it can match is below.
    """

    bucket: str
    pattern: str
    folder: str
    is_glob: bool
    regex: re.Pattern[str] = field(repr=False)

    @classmethod
    def of(cls, address: str) -> Keys:
        """Take `s3://bucket/key` apart.

        >>> Keys.of("s3://acme/in/2026/*.csv").folder
        'in/2026'
        """
        bucket, _, pattern = address.partition("://")[2].partition("/")
        folders = pattern.split("/")[:-1]
        plain = next((i for i, part in enumerate(folders) if MAGIC.search(part)), len(folders))
        return cls(
            bucket,
            pattern,
            "/".join(folders[:plain]),
            bool(MAGIC.search(pattern)),
            re.compile(_regex(pattern), re.DOTALL),
        )

    def match(self, key: str) -> bool:
        """Whether a key is meant. A name may hold `[` or `*` itself.

        >>> keys = Keys.of("s3://acme/in/**/*.csv")
        >>> [keys.match(k) for k in ("in/a.csv", "in/x/y/a.csv", "in/.old/a.csv", "in/a.txt")]
        [True, True, False, False]
        >>> Keys.of("s3://acme/in/*.csv").match("in/x/a.csv")
        False
        """
        return key == self.pattern or self.regex.fullmatch(key) is not None


def _regex(pattern: str) -> str:
    """As `glob` reads it: `*` within a folder, hidden names only where they are asked for."""
    parts = pattern.split("/")
    found = ""
    for i, part in enumerate(parts):
        last = i == len(parts) - 1
        if part == "**":
            found += r"(?:[^/.][^/]*/)*" + (r"[^/.][^/]*" if last else "")
            continue
        hidden = "" if part.startswith(".") else r"(?!\.)"
        found += hidden + _part(part) + ("" if last else "/")
    return found


def _part(part: str) -> str:
    found, i = "", 0
    while i < len(part):
        sign = part[i]
        end = part.find("]", i + 2) if sign == "[" else -1
        if end > 0:
            inside = part[i + 1 : end].replace("\\", r"\\")
            inside = f"^{inside[1:]}" if inside.startswith("!") else inside.replace("^", r"\^")
            found += f"[{inside}]"
            i = end
        else:
            found += {"*": "[^/]*", "?": "[^/]"}.get(sign, re.escape(sign))
        i += 1
    return found
