"""What moto forgets of Lambda functions."""

from __future__ import annotations

from typing import Any

# Of functions: the request's name → the attribute that keeps it.
FUNCTION_SETTINGS = {"DeadLetterConfig": "dead_letter_config", "LoggingConfig": "logging_config"}


def install() -> None:
    """Have moto keep them."""
    from moto.awslambda.models import LambdaFunction

    made, told = LambdaFunction.__init__, LambdaFunction.get_configuration
    changed = LambdaFunction.update_configuration

    def keep(self: Any, spec: dict[str, Any]) -> None:
        for name, attribute in FUNCTION_SETTINGS.items():
            if name in spec:
                setattr(self, attribute, spec[name])
        group = (getattr(self, "logging_config", None) or {}).get("LogGroup")
        if group:
            self.logs_group_name = group

    def make(self: Any, account_id: str, spec: dict[str, Any], *rest: Any, **named: Any) -> None:
        made(self, account_id, spec, *rest, **named)
        keep(self, spec)

    def get_configuration(self: Any, on_create: bool = False) -> dict[str, Any]:
        given: dict[str, Any] = told(self, on_create)
        for name, attribute in FUNCTION_SETTINGS.items():
            kept = getattr(self, attribute, None)
            if kept and any(kept.values()):
                given[name] = kept
        return given

    def update_configuration(self: Any, config_updates: dict[str, Any]) -> dict[str, Any]:
        keep(self, config_updates)
        changed(self, config_updates)
        given: dict[str, Any] = self.get_configuration()
        return given

    LambdaFunction.__init__ = make
    LambdaFunction.get_configuration = get_configuration
    LambdaFunction.update_configuration = update_configuration
