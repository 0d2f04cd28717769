"""What an architecture costs: the tables of `penstock cost` for a pipeline of round numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from penstock.cost.architectures import architecture
from penstock.cost.estimate import SCHEMA, Estimate, estimate, month
from penstock.cost.shape import Shape
from penstock.cost.volume import Assumption, Volume, assumed
from penstock.cost.words import lasting, money, stretch
from penstock.facts.limits import load_limits
from penstock.facts.prices import OLD_DAYS, load_prices
from penstock.quantities import size_words
from reference.markdown import table

if TYPE_CHECKING:
    from decimal import Decimal

    from penstock.cost.bill import Bill, Item

GB_A_DAY = 10.0
SHAPE = Shape(cut=True, trigger="schedule", starts=1.0)
SPEEDS = (5e6, 20e6, 80e6)
LEVERS: tuple[tuple[str, dict[str, Any], float], ...] = (
    ("x86_64 rather than arm64", {"settings": {"machine": "x86_64"}}, 1.0),
    ("1,769 MB of memory, if a worker stays as fast", {"settings": {"memory": 1769}}, 1.0),
    ("512 MB of disk", {"settings": {"ephemeral_storage": 512}}, 1.0),
    ("a run every 15 minutes rather than once a day", {}, 96.0),
    ("a private network in two zones", {"zones": 2}, 1.0),
    ("a key of your own", {"customer_key": True}, 1.0),
    ("Redshift Serverless rather than the lake", {"targets": ("redshift",)}, 1.0),
)


def page() -> str:
    """The page of architecture 1."""
    found = _example()
    parts = [
        _head(found),
        _sizes(found),
        _made_of(found),
        _idle(found),
        _warmer(found),
        _wrong(found),
        _levers(),
        _rests_on(found),
        _prices(found),
        _json(),
    ]
    return "\n\n".join(parts)


def _example() -> Estimate:
    often = Assumption("runs a day", "1", "assumed", "of this page")
    read = Assumption("read a day", f"{GB_A_DAY:g} GB", "assumed", "of this page")
    speed = Assumption("speed of a worker", "20 MB a second", "assumed", "of this page")
    volume = assumed(GB_A_DAY * 1e9)
    return estimate(
        "example",
        architecture("lambda"),
        volume,
        SHAPE,
        1.0,
        load_prices(),
        assumptions=(often, read, speed),
    )


def _head(found: Estimate) -> str:
    prices = found.prices
    return f"""# What it costs

`penstock cost` works out what a pipeline costs on AWS: a run, a month, and a month in which nothing
runs. It takes what the last runs on your machine read, wrote and needed; `--gb-per-day` and
`--runs-per-day` ask for other volumes. Every number it rests on is listed with its origin:
*measured*, *asked* or *assumed*.

```
penstock cost --architecture lambda
penstock cost --gb-per-day {GB_A_DAY:g} --setting memory=1769 --zones 2
```

This page is what it gives for {found.architecture.title},
for one run a day over CSV files that is cut into parts. It is an example with round numbers, not
a measurement, and nothing on it was read off a bill of AWS: run the command for yours. Prices are
list prices of {prices.region} in US dollars, compiled on {prices.compiled}; each with its date and
source is [below](#prices). Free allowances of an account are not counted. After {OLD_DAYS} days
the command says that its prices are old."""


def _sizes(found: Estimate) -> str:
    rows = [
        [
            f"{size.gb_per_day:g}",
            lasting(size.seconds),
            money(size.run),
            money(size.month),
            "yes" if size.fits else "no",
        ]
        for size in found.sizes
    ]
    head = ["GB a day", "a run takes", "a run costs", "a month costs", "within Lambda's limits"]
    return f"## At 1, 10 and 100 GB a day\n\n{table(head, rows)}"


def _made_of(found: Estimate) -> str:
    run = {(i.used.service, i.used.what): i.usd for i in found.run.items}
    rows = [
        [
            item.used.service,
            item.used.what,
            money(run[key]) if (key := (item.used.service, item.used.what)) in run else "",
            money(item.usd),
        ]
        for item in sorted(found.month.items, key=lambda i: -i.usd)
    ]
    rows.append(["**all**", "", f"**{money(found.run.usd)}**", f"**{money(found.month.usd)}**"])
    lines = table(["service", "what", "a run", "a month"], rows)
    return f"## What {GB_A_DAY:g} GB a day are made of\n\n{lines}"


def _idle(found: Estimate) -> str:
    rows = [_idle_row(item) for item in found.idle.items]
    rows.append(["**all**", "", "", f"**{money(found.idle.usd)}**"])
    lines = table(["service", "what", "quantity", "a month"], rows)
    return (
        "## What it costs while nothing runs\n\n"
        "Functions, tables and buckets cost nothing by themselves. What does:\n\n"
        f"{lines}\n\n"
        "A private network, a key and secrets come on top where they are chosen "
        "([levers](#levers))."
    )


def _idle_row(item: Item) -> list[str]:
    quantity = f"{(item.used.quantity / item.price.per).normalize():,f} x {item.price.unit}"
    return [item.used.service, item.used.what, quantity, money(item.usd)]


def _warmer(found: Estimate) -> str:
    rows = [
        [
            even.against,
            ", ".join(map(stretch, even.cheaper)) or "never",
            "" if even.usd is None else money(even.usd),
            even.because,
        ]
        for even in found.break_even
    ]
    head = ["against", "costs no more, in GB a day", "compute a month at the first", "if"]
    return (
        "## When a warmer choice costs no more\n\n"
        "Only functions and queues are compared: lake, ledger and alarms are the same either way. "
        "Lambda's queues are polled day and night, which is why a job that is not there at all "
        "between two runs can be cheaper at little volume.\n\n"
        f"{table(head, rows)}"
    )


def _wrong(found: Estimate) -> str:
    lambda_ = found.architecture
    limits = load_limits()
    rows = []
    for speed in SPEEDS:
        volume = Volume(bytes_in=1e9, bytes_out=3e8, bytes_per_second=speed)
        whole = lambda_.most_bytes(volume, Shape(cut=False))
        cut = lambda_.most_bytes(volume, Shape(cut=True))
        rows.append([size_words(speed), size_words(whole), size_words(cut)])
    head = ["a second and worker", "a run in one worker, up to", "a run that is cut, up to"]
    named = ("lambda.timeout", "lambda.memory_max", "lambda.tmp_storage_max")
    used = "; ".join(
        f"{limits[n].value:,} {limits[n].unit} (`{n}`, {limits[n].as_of})" for n in named
    )
    return (
        "## From what size Lambda is the wrong choice\n\n"
        f"A function has {used}. A pipeline that can be cut has a worker for each 256 MB, at most "
        "1,000 of them; one in which rows of several files meet has one worker for a whole run. "
        "`validate` and `cost` warn when what the runs measured goes beyond "
        "(`PSK-COST-010` time, `PSK-COST-011` memory and disk).\n\n"
        f"{table(head, rows)}"
    )


def _levers() -> str:
    base = _month(SHAPE, 1.0)
    rows = []
    for what, changed, runs in LEVERS:
        bill = _month(replace(SHAPE, **changed), runs)
        change = bill.usd - base.usd
        rows.append([what, money(bill.usd), f"{'+' if change >= 0 else '-'}{money(abs(change))}"])
    return (
        "## Levers\n\n"
        f"Each for itself, at {GB_A_DAY:g} GB and one run a day: {money(base.usd)} a month.\n\n"
        f"{table(['change', 'a month', 'difference'], rows)}\n\n"
        "- **Keep less.** The lake is by far the largest part: partitions that nobody reads can "
        "expire or move to a colder storage class.\n"
        "- **Metrics and alarms** cost the same for a small pipeline as for a large one; several "
        "small pipelines are cheaper as one.\n"
        "- **Memory** brings processors: twice of it costs the same where the work is bound to "
        "them, and takes half the time.\n"
        "- **Gateway endpoints** for S3 and DynamoDB are free; interface endpoints are paid by "
        "the hour and zone, and a NAT gateway costs "
        f"{money(_nat())} a month before the first byte."
    )


def _nat() -> Decimal:
    prices = load_prices()
    return prices["network.nat_gateway_hour"].usd * prices.hours_per_month


def _month(shape: Shape, runs: float) -> Bill:
    volume = assumed(GB_A_DAY * 1e9 / runs)
    return month(architecture("lambda"), volume, shape, runs, load_prices())


def _rests_on(found: Estimate) -> str:
    rows = [[a.name, a.value, a.origin, a.because, a.source or ""] for a in found.assumptions]
    head = ["what", "value", "origin", "because", "source"]
    left_out = "\n".join(f"- {text}" for text in found.not_priced)
    return (
        f"## What this rests on\n\n{table(head, rows)}\n\n"
        f"Not priced, and so not in any sum:\n\n{left_out}"
    )


def _prices(found: Estimate) -> str:
    used = {item.price.name: item.price for item in (*found.month.items, *found.idle.items)}
    rows = [
        [f"`{p.name}`", f"{p.usd:f}", p.unit, p.as_of, p.source]
        for p in sorted(used.values(), key=lambda p: p.name)
    ]
    head = ["price", "USD", "for", "as of", "source"]
    return (
        "## Prices\n\nOf this page; the whole list is `penstock/facts/prices-us-east-1.yaml`. A "
        f"price without a source is not used.\n\n{table(head, rows)}"
    )


DOCUMENT = {
    "`pipeline`, `architecture`, `currency`": "names; the currency is `USD`",
    "`prices`": "`region` and `compiled`, the date of the list",
    "`volume`": "`gb_per_day`, `runs_per_day`, and of one run `bytes_in`, `rows_in`, `bytes_out`; "
    "`bytes_per_second` of a worker; `measured_runs` and `peak_memory_bytes`",
    "`assumptions`": "`name`, `value`, `origin` (`measured`, `asked`, `assumed`), `because`, "
    "`source`",
    "`per_run`, `per_month`, `idle_per_month`": "bills: `usd`, and `items` of `service`, `what`, "
    "`quantity`, `unit`, `unit_usd`, `usd`, and the `price` with `as_of` and `source`",
    "`sizes`": "at 1, 10 and 100 GB a day: `run_seconds`, `per_run_usd`, `per_month_usd`, `fits`",
    "`largest_run_bytes`": "above it a run meets a limit of the service",
    "`break_even`": "`against`, `gb_per_day` from where on the other costs no more (null: it does "
    "not begin to), `cheaper` (ranges), `compute_usd_per_month` there, `because`",
    "`not_priced`": "what is left out",
    "`diagnostics`": "findings, as `validate --json` has them",
}


def _json() -> str:
    rows = [[key, what] for key, what in DOCUMENT.items()]
    return (
        f"## As JSON\n\n`penstock cost --json` gives one document, schema `{SCHEMA}`:\n\n"
        f"{table(['key', 'what'], rows)}"
    )
