"""What moto forgets, or makes too much, of buckets."""

from __future__ import annotations

from typing import Any


def install() -> None:
    """Have moto give back EventBridge's setting, and take no notice of policies."""
    from moto.iam.access_control import PermissionResult
    from moto.s3.models import FakeBucket, FakeDeleteMarker
    from moto.s3.responses import S3Response

    notification = S3Response.get_bucket_notification
    empty = "<EventBridgeConfiguration></EventBridgeConfiguration>"

    def get_bucket_notification(self: Any) -> Any:
        answer = notification(self)
        kept = self.backend.get_bucket_notification_configuration(self.bucket_name)
        if kept is None or kept.event_bridge is None:
            return answer
        status, headers, body = answer
        text = body.decode() if isinstance(body, bytes) else body
        if "EventBridgeConfiguration" not in text:
            end = "</NotificationConfiguration>"
            text = text.replace("/>", f">{end}") if end not in text else text
            text = text.replace(end, f"{empty}{end}")
        return status, headers, text

    S3Response.get_bucket_notification = get_bucket_notification
    # moto reads no conditions: `deny what comes without TLS` would deny everything.
    FakeBucket.get_permission = lambda *_: PermissionResult.NEUTRAL
    FakeDeleteMarker.dispose = lambda *_, **__: None  # else a versioned bucket cannot be emptied
