"""Receivers of what a run tells, and the published rules that it has to keep."""

from __future__ import annotations

import gzip
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import jsonschema
import referencing

DATA = Path(__file__).parents[1] / "data"
FORMATS = jsonschema.FormatChecker()


@FORMATS.checks("uri")
def _uri(value) -> bool:
    return not isinstance(value, str) or bool(urlsplit(value).scheme and " " not in value)


# -- embedded metric format


def check_emf(line: dict) -> None:
    """Hold a document against the published schema, and against what its text says besides."""
    schema = json.loads((DATA / "emf" / "schema.json").read_text())
    jsonschema.validate(line, schema)
    assert len(json.dumps(line)) < 256_000
    for directive in line["_aws"]["CloudWatchMetrics"]:
        for dimensions in directive["Dimensions"]:
            assert all(isinstance(line[name], str) and line[name] for name in dimensions)
        names = [m["Name"] for m in directive["Metrics"]]
        assert len(names) == len(set(names)) > 0
        for name in names:
            assert isinstance(line[name], (int, float)), name
            assert not isinstance(line[name], bool), name


def metrics(lines: list[dict], **dimensions: str) -> dict[str, float]:
    """The values of the lines that have exactly these dimensions."""
    found: dict[str, float] = {}
    for line in lines:
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        (names,) = directive["Dimensions"]
        if {n: line[n] for n in names} == dimensions:
            found |= {m["Name"]: line[m["Name"]] for m in directive["Metrics"]}
    return found


# -- OpenLineage


def check_lineage(event: dict) -> None:
    """Hold an event and each of its facets against the schemas that they name."""
    documents = [json.loads(p.read_text()) for p in (DATA / "openlineage").glob("*.json")]
    registry = referencing.Registry().with_resources(
        (d["$id"], referencing.Resource.from_contents(d)) for d in documents
    )

    def hold(value: dict, url: str) -> None:
        assert registry.contents(url.partition("#")[0]), url
        jsonschema.Draft202012Validator(
            {"$ref": url}, registry=registry, format_checker=FORMATS
        ).validate(value)

    hold(event, event["schemaURL"])
    for facets in _facets(event):
        for name, facet in facets.items():
            hold(facet, facet["_schemaURL"])
            # The file that is named is the one of a facet of this name.
            hold({name: facet}, facet["_schemaURL"].partition("#")[0])
            assert name in registry.contents(facet["_schemaURL"].partition("#")[0])["properties"]


def _facets(event: dict):
    yield event["run"]["facets"]
    yield event["job"]["facets"]
    for dataset in event["inputs"] + event["outputs"]:
        for key in ("facets", "inputFacets", "outputFacets"):
            yield dataset.get(key, {})


# -- servers


class _Server:
    def __init__(self, answer) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                headers = {k.lower(): v for k, v in self.headers.items()}
                outer.requests.append((self.path, headers, body))
                status = answer(self.path)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                """Say nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@contextmanager
def receiver(answer=lambda path: 200):
    """A server that keeps what is posted to it. `answer` may take its time, or refuse."""
    server = _Server(answer)
    try:
        yield server
    finally:
        server.close()


def spans(server: _Server) -> list:
    """The spans that an OTLP receiver was sent, in the order of their starts."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
        ExportTraceServiceRequest,
    )

    found = []
    for path, headers, body in server.requests:
        assert path.endswith("/v1/traces")
        assert headers["content-type"] == "application/x-protobuf"
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                found += [Span(s, resource.resource) for s in scope.spans]
    return sorted(found, key=lambda s: s.start)


class Span:
    """A span as it was received."""

    def __init__(self, span, resource) -> None:
        self.name = span.name
        self.id = span.span_id.hex()
        self.parent = span.parent_span_id.hex()
        self.trace = span.trace_id.hex()
        self.start, self.end = span.start_time_unix_nano, span.end_time_unix_nano
        self.attributes = _plain(span.attributes)
        self.resource = _plain(resource.attributes)
        self.failed = span.status.code == 2
        self.status = span.status.message
        self.events = [_plain(e.attributes) for e in span.events]


def _plain(attributes) -> dict:
    return {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in attributes}
