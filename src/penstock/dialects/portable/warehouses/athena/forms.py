"""Parts of a query that Athena has, and why it has not the others."""

from __future__ import annotations

from penstock.dialects.portable.forms import FORMS as ALL

GAPS = {
    # https://trino.io/docs/406/functions/window.html
    "window_filter": "Trino's windows have none; put a CASE into the aggregate",
    # https://docs.aws.amazon.com/athena/latest/ug/select.html
    "WITH RECURSIVE": "Athena goes ten steps deep at most, and then fails",
}
FORMS = ALL - {"WITH RECURSIVE"}
