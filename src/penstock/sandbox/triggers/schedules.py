"""`sandbox tick`: what EventBridge Scheduler and scheduled rules send at a minute."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from penstock.sandbox.application import Refusal
from penstock.sandbox.delivery import refused
from penstock.sandbox.state import ACCOUNT
from penstock.sandbox.triggers import rules
from penstock.sandbox.triggers.expressions import due

if TYPE_CHECKING:
    from penstock.sandbox.delivery import Delivery


def tick(delivery: Delivery, document: dict[str, Any]) -> dict[str, Any]:
    """Fire what is due.

    Args:
        delivery: to the targets.
        document: `at`, ISO 8601 with a time zone.

    Returns:
        `at` and `fired`, a list of `schedule` and `target`.

    Raises:
        Refusal: an expression or a target that the sandbox does not do; nothing was fired.
    """
    at = datetime.fromisoformat(document["at"])
    found = [each for each in (*_schedules(at), *_rules(at)) if each[1]]
    for name, target, _ in found:
        if told := refused(target["Arn"]):
            raise Refusal(f"{name}: {told}")
    for _, target, text in found:
        group = (target.get("SqsParameters") or {}).get("MessageGroupId")
        delivery.send(target["Arn"], text, group=group)
    fired = [{"schedule": name, "target": target["Arn"]} for name, target, _ in found]
    return {"at": _zulu(at), "fired": fired}


def _schedules(at: datetime) -> list[tuple[str, dict[str, Any], str]]:
    from moto.scheduler.models import scheduler_backends

    found = []
    for region, backend in list(scheduler_backends[ACCOUNT].items()):
        for group in list(backend.schedule_groups.values()):
            for each in list(group.schedules.values()):
                start = _moment(each.start_date) or _moment(each.creation_date)
                if (
                    each.state != "DISABLED"
                    and _within(at, each)
                    and _due(each.name, each.schedule_expression, at, each, start)
                ):
                    found.append((each.name, each.target, _text(each, at, region)))
                    once = each.schedule_expression.startswith("at(")
                    if once and each.action_after_completion == "DELETE":
                        group.schedules.pop(each.name)
    return found


def _rules(at: datetime) -> list[tuple[str, dict[str, Any], str]]:
    """Scheduled rules; their expressions are in UTC, and rates count from midnight."""
    from moto.events.models import events_backends

    found = []
    for region, backend in list(events_backends[ACCOUNT].items()):
        for bus in list(backend.event_buses.values()):
            for rule in list(bus.rules.values()):
                text, start = rule.scheduled_expression, at.replace(hour=0, minute=0)
                if text and rule.state != "DISABLED" and _due(rule.name, text, at, None, start):
                    event = _event("aws.events", rule.arn, at, region, {})
                    found += [(rule.name, t, rules.body(t, event)) for t in rule.targets]
    return found


def _due(name: str, expression: str, at: datetime, schedule: Any, start: datetime | None) -> bool:
    zone = schedule.schedule_expression_timezone if schedule is not None else "UTC"
    try:
        return due(expression, at, zone=zone, start=start or at)
    except (ValueError, KeyError) as error:
        raise Refusal(f"{name}: {error}") from error


def _within(at: datetime, schedule: Any) -> bool:
    start, end = _moment(schedule.start_date), _moment(schedule.end_date)
    return (start is None or at >= start) and (end is None or at <= end)


def _text(schedule: Any, at: datetime, region: str) -> str:
    """The payload, its context attributes replaced.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
    """
    text = schedule.target.get("Input")
    if text is None:
        text = json.dumps(_event("aws.scheduler", schedule.arn, at, region, "{}"))
    for name, value in {
        "schedule-arn": schedule.arn,
        "scheduled-time": _zulu(at),
        "execution-id": uuid.uuid4().hex[:16],
        "attempt-number": "1",
    }.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return str(text)


def _event(source: str, arn: str, at: datetime, region: str, detail: Any) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": source,
        "account": ACCOUNT,
        "time": _zulu(at),
        "region": region,
        "resources": [arn],
        "detail": detail,
    }


def _zulu(at: datetime) -> str:
    return at.astimezone(UTC).replace(second=0).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(value: Any) -> datetime | None:
    """A time of moto's: Unix time, or nothing."""
    if value is None or value == "":
        return None
    if isinstance(value, str) and not value.replace(".", "").isdigit():
        return datetime.fromisoformat(value)
    return datetime.fromtimestamp(float(value), UTC)
