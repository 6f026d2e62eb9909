import socket

from byoip.adapters.checks.resolver_check import resolver_complaint
from byoip.sandbox.name_server import NameServer


async def test_a_resolver_that_does_not_validate_is_complained_about() -> None:
    server = NameServer()
    port = await server.start(["127.0.0.1"])
    try:
        complaint = await resolver_complaint("127.0.0.1", port)
    finally:
        await server.stop()
    assert complaint is not None
    assert "does not validate" in complaint or "did not answer" in complaint


async def test_a_resolver_that_is_not_there_is_complained_about() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    complaint = await resolver_complaint("127.0.0.1", port)
    assert complaint is not None
    assert "did not answer" in complaint
