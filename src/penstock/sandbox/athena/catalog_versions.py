"""moto's Glue takes `VersionId` of UpdateTable and looks at nothing; Glue compares it.

https://iceberg.apache.org/docs/latest/aws/#optimistic-locking
"""

from __future__ import annotations

import threading
from typing import Any


def install() -> None:
    """Have moto refuse an update of another version than the table's newest."""
    from moto.core.exceptions import JsonRESTError
    from moto.glue import responses

    glue: Any = responses.GlueResponse
    update = glue.update_table
    guard = threading.Lock()

    def update_table(self: Any) -> Any:
        wanted = self.parameters.get("VersionId")
        with guard:
            if wanted is not None:
                database = self.parameters.get("DatabaseName")
                name = self.parameters["TableInput"]["Name"]
                table = self.glue_backend.get_table(database, name)
                newest = str(table.as_dict().get("VersionId"))
                if str(wanted) != newest:
                    raise JsonRESTError(
                        "ConcurrentModificationException",
                        f"Update table failed due to concurrent modifications: version {wanted} "
                        f"is not {newest}",
                    )
            return update(self)

    glue.update_table = update_table
