"""Snowflake's emulator fakesnow, in an environment of its own: a query a line, its rows as a line.

It runs on DuckDB and translates Snowflake's SQL with sqlglot: what it gives shows that a rendering is
read as Snowflake's SQL and means what we think it does, not what Snowflake does with NULL, rounding
or the edges of a function.

    python fakesnow_server.py FOLDER COLUMNS
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from values import told


def _tables(cursor, duck, folder: Path, columns: dict[str, dict[str, str]]) -> None:
    for path in sorted(folder.glob("*.parquet")):
        if path.stem not in columns:
            continue  # another test's
        kept = columns[path.stem]
        names = ", ".join(f'"{name.upper()}" {kind}' for name, kind in kept.items())
        cursor.execute(f'CREATE TABLE "{path.stem.upper()}" ({names})')
        read = ", ".join(f'"{name}"' for name in kept)
        duck.execute(f"INSERT INTO {path.stem.upper()} SELECT {read} FROM '{path}'")


def main() -> None:
    warnings.simplefilter("ignore")
    import fakesnow
    import snowflake.connector

    folder, columns = Path(sys.argv[1]), json.loads(sys.argv[2])
    with fakesnow.patch():
        connection = snowflake.connector.connect(database="nasty", schema="nasty")
        cursor = connection.cursor()
        duck = connection._duck_conn  # its tables are DuckDB's: no other way loads a file
        _tables(cursor, duck, folder, columns)
        duck.execute("SET TimeZone = 'UTC'")
        print("ready", flush=True)
        for line in sys.stdin:
            try:
                rows = cursor.execute(json.loads(line)).fetchall()
                answer = {"rows": [[told(v) for v in row] for row in rows]}
            except Exception as error:  # noqa: BLE001 - whatever fails is an answer
                answer = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
