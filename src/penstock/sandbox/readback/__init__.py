"""Settings that moto takes and does not give back: Terraform would plan or wait for ever."""

from penstock.sandbox.readback import buckets, functions, queues


def install() -> None:
    """Have moto keep them."""
    for part in (buckets, functions, queues):
        part.install()
