"""Spans of a run: run → plan, extract, transform (→ check), write, commit.

Made with the OpenTelemetry SDK, which reads its own variables
(https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/); nothing of it
is imported before it is asked for. Events come from several threads: each span's parent is said,
never taken from the thread.
"""

from __future__ import annotations

import logging
import re
import threading
from typing import TYPE_CHECKING, Any

from penstock.runtime.telemetry import signing, xray

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from penstock.runtime.telemetry.words import Discreet

FLUSH_SECONDS = 3.0
"""How long a run waits for its spans to be taken; what is not taken then is lost."""
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_SAID = ("run_id", "attempt", "slice", "request_id")
_COUNTS = (
    "rows_in", "rows_out", "rejected", "filtered", "deduplicated", "quarantined", "rows_loaded",
    "files", "bytes",
)  # fmt: skip
# event → (is it a beginning, which span): the span's name, and what of the event tells it apart.
_SPANS: dict[str, tuple[bool, str, str]] = {
    "plan_started": (True, "plan", ""),
    "plan_finished": (False, "plan", ""),
    "dataset_started": (True, "dataset", "dataset"),
    "dataset_finished": (False, "dataset", "dataset"),
    "checks_started": (True, "check", "dataset"),
    "checks_finished": (False, "check", "dataset"),
    "target_started": (True, "write", "target"),
    "target_staged": (False, "write", "target"),
    "commit_started": (True, "commit", "target"),
    "target_finished": (False, "commit", "target"),
}


def asked(environment: Mapping[str, str]) -> bool:
    """Whether the variables ask for traces, and for an exporter that is here."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    if exporter:
        return exporter == "otlp"
    return any(
        environment.get(name)
        for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    )


class Tracing:
    """Makes spans of events.

    Args:
        environment: where Lambda tells the trace, and a caller (`TRACEPARENT`) of its own.

    Raises:
        ImportError: OpenTelemetry is not installed (extra `otel`).
    """

    def __init__(self, environment: Mapping[str, str], words: Discreet) -> None:
        self._environment = environment
        self._words = words
        self._provider, self._sent = _provider(environment)
        self._tracer = self._provider.get_tracer("penstock")
        self._guard = threading.RLock()
        self._root: Any = None
        self._open: dict[tuple[str, str], Any] = {}
        self._about: dict[str, Any] = {}

    def about(self, fields: dict[str, Any]) -> None:
        """Spans are about this; a root span ends with what it was about."""
        with self._guard:
            if not self._about.items() <= fields.items():
                self._end_all(None)
            self._about = fields
            if self._root is not None:
                self._root.set_attributes(self._said())

    def event(self, name: str, **values: Any) -> None:
        """Begin or end a span."""
        with self._guard:
            if name in _SPANS:
                begins, kind, key = _SPANS[name]
                of = str(values[key]) if key else ""
                (self._begin if begins else self._end)(kind, of, values)
            elif name == "run_started":
                self._describe(values)
            elif name == "check":
                self._rule(values)
            elif name == "error" and self._root is not None:
                self._fail(self._root, values)
            elif name == "run_finished":
                self._finish(values)

    def header(self) -> str | None:
        """X-Ray's header of the root span, for messages."""
        with self._guard:
            if self._root is None:
                return None
            found = self._root.get_span_context()
            remote = xray.Remote(
                f"{found.trace_id:032x}", f"{found.span_id:016x}", found.trace_flags.sampled
            )
            return xray.header(remote)

    def flush(self) -> None:
        """Send the spans that ended.

        Raises:
            OSError: they were not taken in time.
        """
        if not _within(FLUSH_SECONDS, self._provider.force_flush) or self._sent.failed:
            raise TimeoutError("spans were not taken")

    def close(self) -> None:
        """End what is open, and send the rest."""
        with self._guard:
            self._end_all(None)
        try:
            self.flush()
        finally:
            _within(FLUSH_SECONDS if not self._sent.failed else 0.1, self._provider.shutdown)

    # -- one span

    def _begin(self, kind: str, of: str, values: dict[str, Any]) -> None:
        root = self._root_span()
        parent = self._open.get(("dataset", of), root) if kind == "check" else root
        said = kind
        if kind == "dataset":
            said = "extract" if values.get("kind") == "source" else "transform"
        attributes = self._said()
        if of:
            key = "target" if kind in {"write", "commit"} else "dataset"
            attributes[f"penstock.{key}"] = of
        name = f"{said} {of}".strip()
        span = self._tracer.start_span(name, context=_inside(parent), attributes=attributes)
        self._open[kind, of] = span

    def _end(self, kind: str, of: str, values: dict[str, Any]) -> None:
        span = self._open.pop((kind, of), None)
        if span is not None:
            span.set_attributes(_counted(values))
            span.end()

    def _rule(self, values: dict[str, Any]) -> None:
        span = self._open.get(("check", str(values["dataset"])))
        if span is not None:
            told = {k: values[k] for k in ("rule", "action", "outcome", "failed_rows")}
            span.add_event("rule", {f"penstock.{k}": v for k, v in told.items() if v is not None})

    # -- the run

    def _root_span(self) -> Any:
        if self._root is None:
            number = self._about.get("slice")
            self._root = self._tracer.start_span(
                "run" if number is None else f"slice {number}",
                context=_remote(self._parent()),
                attributes=self._said(),
            )
        return self._root

    def _describe(self, values: dict[str, Any]) -> None:
        root = self._root_span()
        root.update_name(f"run {values['pipeline']}")
        told = {k: values[k] for k in ("pipeline", "run_id", "attempt")}
        root.set_attributes({f"penstock.{k}": v for k, v in told.items()})

    def _finish(self, values: dict[str, Any]) -> None:
        if self._root is None:  # it ended before there was anything to do
            return
        document = values.get("document")
        self._root.set_attribute("penstock.status", values["status"])
        if document is not None:
            self._root.update_name(f"run {document.program.pipeline}")
        self._end_all(document.error if document is not None else None)

    def _end_all(self, error: Mapping[str, Any] | None) -> None:
        """End every span; those that are open when a run breaks off have broken off with it."""
        for span in self._open.values():
            if error is not None:
                self._fail(span, error)
            span.end()
        self._open = {}
        if self._root is not None:
            if error is not None:
                self._fail(self._root, error)
            self._root.end()
            self._root = None

    def _fail(self, span: Any, error: Mapping[str, Any]) -> None:
        from opentelemetry.trace import Status, StatusCode

        code = str(error.get("code", ""))
        message = self._words.text(str(error.get("message", "")), code)
        span.set_attribute("error.type", code)
        span.set_status(Status(StatusCode.ERROR, f"{code}: {message}"))

    def _said(self) -> dict[str, Any]:
        return {f"penstock.{k}": self._about[k] for k in _SAID if k in self._about}

    def _parent(self) -> xray.Remote | None:
        """The message's trace, else that of the invocation, else the caller's."""
        header = self._about.get("trace") or self._environment.get(xray.VARIABLE)
        if found := xray.read(header):
            return found
        match = _TRACEPARENT.fullmatch(self._environment.get("TRACEPARENT", ""))
        return xray.Remote(match[1], match[2], bool(int(match[3], 16) & 1)) if match else None


class _Sent:
    """Whether an export has failed."""

    failed = False


def _provider(environment: Mapping[str, str]) -> tuple[Any, _Sent]:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
    from opentelemetry.sdk.trace.id_generator import IdGenerator

    # A collector that is away is no news for each batch; without a handler it would be printed.
    logging.getLogger("opentelemetry").addHandler(logging.NullHandler())
    sent = _Sent()

    class Ids(IdGenerator):  # type: ignore[misc]
        """Ids that X-Ray takes."""

        def generate_trace_id(self) -> int:
            return xray.new_trace_id()

        def is_trace_id_random(self) -> bool:
            return True  # the last 96 bits are

        def generate_span_id(self) -> int:
            return xray.new_span_id()

    class Exporter(OTLPSpanExporter):  # type: ignore[misc]
        """Remembers that an export failed."""

        def export(self, spans: Any) -> SpanExportResult:
            result = super().export(spans)
            sent.failed |= result is not SpanExportResult.SUCCESS
            return result

    named = "service.name" in environment.get("OTEL_RESOURCE_ATTRIBUTES", "")
    own = {} if named or environment.get("OTEL_SERVICE_NAME") else {"service.name": "penstock"}
    provider = TracerProvider(
        resource=Resource.create(own), id_generator=Ids(), shutdown_on_exit=False
    )
    region = signing.region_of(environment)
    signed = {"session": signing.session(region)} if region else {}
    provider.add_span_processor(BatchSpanProcessor(Exporter(**signed)))
    return provider, sent


def _inside(span: Any) -> Any:
    from opentelemetry.trace import set_span_in_context

    return set_span_in_context(span)


def _remote(parent: xray.Remote | None) -> Any:
    from opentelemetry.context import Context
    from opentelemetry.trace import (
        NonRecordingSpan,
        SpanContext,
        TraceFlags,
        set_span_in_context,
    )

    if parent is None:
        return Context()
    context = SpanContext(
        int(parent.trace, 16),
        int(parent.span, 16),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED if parent.sampled else TraceFlags.DEFAULT),
    )
    return set_span_in_context(NonRecordingSpan(context), Context())


def _counted(values: dict[str, Any]) -> dict[str, Any]:
    return {f"penstock.{k}": values[k] for k in _COUNTS if values.get(k) is not None}


def _within(seconds: float, call: Callable[[], Any]) -> bool:
    """Call it in a thread that nobody waits for longer than this; whether it was done."""
    thread = threading.Thread(target=call, name="penstock-telemetry", daemon=True)
    thread.start()
    thread.join(seconds)
    return not thread.is_alive()
