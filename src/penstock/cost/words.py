"""An estimate as people read it, in a terminal of 80 columns or more."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from penstock.quantities import size_words, three_digits

if TYPE_CHECKING:
    from penstock.cost.bill import Bill
    from penstock.cost.estimate import Estimate
    from penstock.cost.warmer import Range

_SMALL = Decimal("0.005")


def print_estimate(found: Estimate, stream: TextIO) -> None:
    """Write an estimate: sums first, then their lines, then what they rest on."""
    console = Console(file=stream, highlight=False, soft_wrap=False)
    prices = found.prices
    console.print(
        f"{found.pipeline} on {found.architecture.title}: [bold]{money(found.month.usd)} a month"
        f"[/bold], {money(found.run.usd)} a run",
    )
    console.print(
        f"{three_digits(found.runs_per_day)} run{'s' * (found.runs_per_day != 1)} and "
        f"{size_words(found.gb_per_day * 1e9)} a day; "
        f"{money(found.idle.usd)} of it without any run. List prices in USD of {prices.region}, "
        f"compiled {prices.compiled}.",
        style="dim",
    )
    _tables(console, found)
    console.print()
    console.print("Not priced", style="bold")
    for text in found.not_priced:
        _indented(console, f"- {text}")


def _tables(console: Console, found: Estimate) -> None:
    for title, table, notes in (
        ("What it is made of", _bills(found), []),
        ("At other volumes", _sizes(found), [_largest(found)]),
        ("When a warmer choice costs no more", _break_evens(found), _comparisons(found)),
        ("What this rests on", _assumptions(found), []),
    ):
        console.print()
        console.print(title, style="bold")
        console.print(Padding(table, (0, 0, 0, 2), expand=False))
        for note in notes:
            _indented(console, note)


def _indented(console: Console, text: str) -> None:
    console.print(Padding(Text(text), (0, 0, 0, 2), expand=False))


def money(usd: Decimal) -> str:
    """Dollars, with as many places as the sum needs.

    >>> money(Decimal("1234.5")), money(Decimal("0.000123")), money(Decimal("0"))
    ('$1,234.50', '$0.00012', '$0')
    """
    if not usd:
        return "$0"
    return f"${usd:,.2f}" if usd >= _SMALL * 20 else f"${_plain(usd)}"


def lasting(seconds: float) -> str:
    """A duration in its largest unit.

    >>> lasting(42.4), lasting(600), lasting(9000)
    ('42 s', '10 min', '2.5 h')
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _plain(usd: Decimal) -> str:
    return f"{Decimal(f'{usd:.2g}'):f}"


def _table(*columns: str, right: tuple[int, ...] = ()) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for number, column in enumerate(columns):
        table.add_column(
            column,
            justify="right" if number in right else "left",
            no_wrap=number in right,
            overflow="fold",
        )
    return table


def _bills(found: Estimate) -> Table:
    table = _table("service", "what", "a run", "a month", "idle month", right=(2, 3, 4))
    run, idle = _lines(found.run), _lines(found.idle)
    last = None
    for item in sorted(found.month.items, key=lambda i: i.used.service):
        key = (item.used.service, item.used.what)
        table.add_row(
            "" if key[0] == last else key[0],
            key[1],
            *(money(bill[key]) if key in bill else "" for bill in (run,)),
            money(item.usd),
            money(idle[key]) if key in idle else "",
        )
        last = key[0]
    sums = (found.run.usd, found.month.usd, found.idle.usd)
    table.add_row("total", "", *map(money, sums), style="bold")
    return table


def _lines(bill: Bill) -> dict[tuple[str, str], Decimal]:
    return {(i.used.service, i.used.what): i.usd for i in bill.items}


def _sizes(found: Estimate) -> Table:
    table = _table(
        "GB a day", "a run takes", "and costs", "a month", "within the limits", right=(0, 1, 2, 3)
    )
    for size in found.sizes:
        fits = "yes" if size.fits else "no"
        table.add_row(
            f"{size.gb_per_day:g}", lasting(size.seconds), money(size.run), money(size.month), fits
        )
    return table


def _largest(found: Estimate) -> str:
    speed = f"{size_words(found.volume.bytes_per_second)} a second and worker"
    if not found.most_bytes:
        return f"No run keeps to the limits at {speed}."
    return f"A run keeps to the limits up to {size_words(found.most_bytes)}, at {speed}."


def _comparisons(found: Estimate) -> list[str]:
    return [f"{even.against}: {even.because}." for even in found.break_even]


def _break_evens(found: Estimate) -> Table:
    table = _table("against", "GB a day", "compute a month there", right=(2,))
    for even in found.break_even:
        at = ", ".join(map(stretch, even.cheaper)) or "never"
        usd = "" if even.usd is None else money(even.usd)
        table.add_row(even.against, at, usd)
    return table


def stretch(found: Range) -> str:
    """A range in words.

    >>> from penstock.cost.warmer import Range
    >>> stretch(Range(907.3, None)), stretch(Range(None, 12.0)), stretch(Range(None, None))
    ('from 907', 'up to 12', 'always')
    >>> stretch(Range(0.5, 20.0))
    '0.5 to 20'
    """
    low = None if found.low is None else three_digits(found.low)
    high = None if found.high is None else three_digits(found.high)
    if low is None:
        return "always" if high is None else f"up to {high}"
    return f"from {low}" if high is None else f"{low} to {high}"


def _assumptions(found: Estimate) -> Table:
    table = _table("what", "value", "origin", "because")
    for one in found.assumptions:
        table.add_row(one.name, one.value, one.origin, one.because)
    return table
