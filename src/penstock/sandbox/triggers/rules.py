"""EventBridge rules: moto matches the pattern, the sandbox sends to the targets."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from penstock.sandbox.delivery import refused

if TYPE_CHECKING:
    from penstock.sandbox.delivery import Delivery


def install(delivery: Delivery) -> None:
    """Replace moto's sending; a target the sandbox does not send to is refused when it is put."""
    from moto.events.exceptions import ValidationException
    from moto.events.models import EventsBackend, Rule

    put = EventsBackend.put_targets

    def put_targets(self: Any, name: str, event_bus_arn: str | None, targets: Any) -> None:
        for target in targets:
            if told := refused(target["Arn"]):
                raise ValidationException(told)
        put(self, name, event_bus_arn, targets)

    def send_to_targets(self: Any, event: Any, transform_input: bool = True) -> None:  # noqa: ARG001
        pattern = self.event_pattern
        # A rule without a pattern is a schedule; moto would send it every event.
        if (
            self.state == "DISABLED"
            or not pattern.get_pattern()
            or not pattern.matches_event(event)
        ):
            return
        for target in self.targets:
            send(delivery, target, plain(event))

    EventsBackend.put_targets = put_targets
    Rule.send_to_targets = send_to_targets


def plain(event: Any) -> dict[str, Any]:
    """An event of moto's as EventBridge sends it: its time is a text, its id its own."""
    told = {name: value for name, value in event.items() if name != "ingestion-time"}
    at = told.get("time")
    if isinstance(at, int | float):
        told["time"] = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if not told.get("id"):
        told["id"] = str(uuid.uuid4())
    return told


def send(delivery: Delivery, target: dict[str, Any], event: dict[str, Any]) -> None:
    """Send an event to a rule's target, as its input settings say."""
    group = (target.get("SqsParameters") or {}).get("MessageGroupId")
    delivery.send(target["Arn"], body(target, event), group=group)


def body(target: dict[str, Any], event: dict[str, Any]) -> str:
    """What a target gets of an event.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
    """
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return json.dumps(_at(event, target["InputPath"]))
    if "InputTransformer" not in target:
        return json.dumps(event)
    transformer = target["InputTransformer"]
    text = str(transformer["InputTemplate"])
    for name, path in (transformer.get("InputPathsMap") or {}).items():
        value = _at(event, path)
        shown = value if isinstance(value, str) else json.dumps(value)
        text = text.replace(f'"<{name}>"', json.dumps(value)).replace(f"<{name}>", shown)
    return text


def _at(event: Any, path: str) -> Any:
    """The value at a path such as `$.detail.bucket.name`; an empty text, if there is none."""
    found = event
    for part in path.removeprefix("$").strip(".").split("."):
        if part and not (isinstance(found, dict) and part in found):
            return ""
        found = found[part] if part else found
    return found
