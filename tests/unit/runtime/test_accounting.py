"""Row accounting holds, or the run ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.errors import RowsUnaccounted
from penstock.runtime.accounting import Counts

few = st.integers(0, 10**9)


@given(few, few, few, few, few)
def test_it_balances_when_every_row_has_a_name(out, rejected, filtered, deduplicated, held):
    counts = Counts(
        "transform",
        rows_in=out + rejected + filtered + deduplicated + held,
        rows_out=out,
        rejected=rejected,
        filtered=filtered,
        deduplicated=deduplicated,
        quarantined=held,
    )
    before = counts.as_json()
    counts.balance("d")
    assert counts.as_json() == before


@given(few, st.integers(1, 5), st.booleans())
def test_one_row_more_or_less_is_told_with_both_numbers(out, off, more):
    counts = Counts("transform", rows_in=out + (off if more else -off), rows_out=out)
    with pytest.raises(RowsUnaccounted) as caught:
        counts.balance("orders")
    assert "`orders`" in caught.value.message
    assert f"{out:,} out" in caught.value.message
