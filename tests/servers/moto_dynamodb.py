"""A moto server that answers one request at a time; prints its port, then serves.

moto undoes a transaction by putting the whole table back as it was before: with several requests
at once that would undo what others wrote.
"""

from __future__ import annotations

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

if __name__ == "__main__":
    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app))
    print(server.server_port, flush=True)
    server.serve_forever()
