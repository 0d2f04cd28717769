"""Names that other engines have for what the portable language calls something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_RUN_DATE = "a run's date is '${run.date}': a run that is repeated must give the same rows"
_NOW = """now today current_date current_time current_timestamp localtime localtimestamp curdate
    curtime getdate getutcdate sysdate sysdatetime systimestamp get_current_time
    get_current_timestamp transaction_timestamp statement_timestamp clock_timestamp"""

_RANDOM = "a run that is repeated must give the same rows: make it of a key, md5(key)"

HINTS: Mapping[str, str] = dict.fromkeys(_NOW.split(), _RUN_DATE) | {
    **dict.fromkeys(("random", "rand", "uuid", "gen_random_uuid", "uuidv4", "uuidv7"), _RANDOM),
    "age": "date_sub('month', a, b) for whole months, date_diff('day', a, b) for days",
    "add_months": "d + to_months(n)",
    "dateadd": "d + to_days(n), d + INTERVAL 3 MONTH",
    "timestampadd": "ts + to_hours(n), ts + INTERVAL 3 HOUR",
    "timestampdiff": "date_sub('hour', a, b) for whole units, date_diff for boundaries",
    "months_between": "date_sub('month', a, b)",
    "to_char": "strftime(ts, '%Y-%m-%d')",
    "date_format": "strftime(ts, '%Y-%m-%d')",
    "format_date": "strftime(ts, '%Y-%m-%d')",
    "to_date": "CAST(strptime(s, '%Y-%m-%d') AS DATE)",
    "parse_date": "CAST(strptime(s, '%Y-%m-%d') AS DATE)",
    "str_to_date": "CAST(strptime(s, '%Y-%m-%d') AS DATE)",
    "try_to_date": "CAST(try_strptime(s, '%Y-%m-%d') AS DATE)",
    "try_to_timestamp": "try_strptime(s, '%Y-%m-%d %H:%M:%S')",
    "unix_timestamp": "epoch(ts)",
    "to_unixtime": "epoch(ts)",
    "from_unixtime": "to_timestamp(n)",
    "timestamp_seconds": "to_timestamp(n)",
    "timestamp_millis": "epoch_ms(n)",
    "timestamp_micros": "make_timestamp(n)",
    "unix_millis": "epoch_ms(ts)",
    "unix_micros": "epoch_us(ts)",
    "epoch_ns": "epoch_us(ts): timestamps have microseconds",
    "nanosecond": "microsecond(ts): timestamps have microseconds",
    "datefromparts": "make_date(year, month, day)",
    "date_from_parts": "make_date(year, month, day)",
    "timestamp_from_parts": "make_timestamp(year, month, day, hour, minute, second)",
    "date_bin": "time_bucket(INTERVAL 15 MINUTE, ts)",
    "time_slice": "time_bucket(INTERVAL 15 MINUTE, ts)",
    "convert_timezone": "ts AT TIME ZONE 'Europe/Berlin'",
    "from_utc_timestamp": "tz AT TIME ZONE 'Europe/Berlin'",
    "to_utc_timestamp": "ts AT TIME ZONE 'Europe/Berlin'",
}
"""Name → how the portable language writes it."""
