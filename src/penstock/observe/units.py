"""Numbers as people read them. The report's script (`report/format.js`) says them alike."""

from __future__ import annotations


def count(number: int | None) -> str:
    """A number of rows or files.

    >>> count(336776), count(None)
    ('336,776', '-')
    """
    return "-" if number is None else f"{number:,}"


def seconds(value: float) -> str:
    """A duration.

    >>> seconds(0.0004), seconds(0.734), seconds(1.934), seconds(75), seconds(7265)
    ('0 ms', '734 ms', '1.9 s', '1 min 15 s', '2 h 01 min')
    """
    if value < 0.9995:
        return f"{value * 1000:.0f} ms"
    if value < 59.95:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def size(number: float) -> str:
    """Bytes, in powers of ten as file managers and AWS bills count them.

    >>> size(0), size(999), size(18211), size(431226880), size(5.4e12)
    ('0 B', '999 B', '18.2 kB', '431 MB', '5.4 TB')
    """
    unit = "B"
    for larger in ("kB", "MB", "GB", "TB", "PB"):
        if number < 999.5:
            break
        number /= 1000
        unit = larger
    precise = unit != "B" and number < 99.95
    return f"{number:.1f} {unit}" if precise else f"{number:.0f} {unit}"


def figure(value: float | str | None) -> str:
    """A number that a rule observed.

    >>> figure(328521), figure(0.9769847), figure(1.0), figure(None)
    ('328,521', '0.976985', '1', 'NULL')
    """
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else f"{value:.6g}"


def plural(number: int, noun: str) -> str:
    """A number with its noun.

    >>> plural(1, "row"), plural(2500, "row"), plural(2, "query")
    ('1 row', '2,500 rows', '2 queries')
    """
    if number == 1:
        return f"1 {noun}"
    many = noun[:-1] + "ies" if noun.endswith("ry") else noun + "s"
    return f"{number:,} {many}"
