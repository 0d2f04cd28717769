"""sqlfluff, in an environment of its own: a dialect and a query a line, what does not parse as a line.

python sqlfluff_server.py
"""

from __future__ import annotations

import json
import sys


def main() -> None:
    from sqlfluff.core import Linter

    linters = {name: Linter(dialect=name) for name in ("snowflake", "redshift")}
    print("ready", flush=True)
    for line in sys.stdin:
        dialect, sql = json.loads(line)
        parsed = linters[dialect].parse_string(sql + "\n")
        found = [str(v) for v in parsed.violations]
        tree = parsed.tree
        if tree is not None:
            found += [f"not parsed: {t.raw[:200]}" for t in tree.recursive_crawl("unparsable")]
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
