"""Requests of a customer while something else happens: reads, writes, validation runs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from tests.ship.site import Customer

_PAUSE_SECONDS = 2  # a credential has 1200 requests in five minutes
_CALLERS = 3


@contextmanager
def load(customer: Customer, path: str) -> Iterator[None]:
    """Calls, one after the other, while the block runs; fails if one fails for good.

    Every write that was answered must be there afterwards.
    """
    stop, faults, written = threading.Event(), [], []

    def work() -> None:
        while not stop.wait(_PAUSE_SECONDS):
            text = uuid4().hex
            try:
                customer.ask(path)
                customer.ask(path, "PATCH", {"description": text})
                written.append(text)
            except OSError as fault:
                faults.append(str(fault))

    threads = [threading.Thread(target=work) for _ in range(_CALLERS)]
    for one in threads:
        one.start()
    try:
        yield
    finally:
        stop.set()
        for one in threads:
            one.join()
    assert not faults
    assert len(written) > _CALLERS
    assert customer.ask(path)["description"] in written[-_CALLERS:]
