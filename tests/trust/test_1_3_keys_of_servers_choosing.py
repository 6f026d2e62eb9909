"""Trust, 1.3: how long keys of TLS take to be agreed on is not the server's to choose.

By DHE a server names the group: one of 10,000 bits held the event loop for more than a second.
"""

import io
import socket
import ssl
from base64 import encodebytes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from byoip.adapters.checks.ripe_rest import RipeRest
from byoip.adapters.https_download import Downloaded, DownloadFailed, download
from byoip.domain.checks.evidence import Fault
from byoip.ports.checks.registry import NoAnswer
from tests.fakes.rdap_servers import RIPE, ask, fault
from tests.trust.test_1_3_broken_records import LIMITS, certified_by
from tests.trust.test_1_3_hostile_downloads import Clock, _question

BITS = 10_000  # the most that OpenSSL takes
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


def _number(number: int) -> bytes:
    octets = number.to_bytes(number.bit_length() // 8 + 1)
    return b"\x02" + _length(octets) + octets


def _length(octets: bytes) -> bytes:
    many = len(octets).to_bytes(2)
    return bytes([len(octets)]) if len(octets) < 128 else b"\x82" + many


@pytest.fixture
def certified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """A server's side of TLS that this process trusts; DHE takes a key of RSA."""
    yield from certified_by(rsa.generate_private_key(65537, 2048), tmp_path, monkeypatch)


@pytest.fixture
def costly(certified: ssl.SSLContext, tmp_path: Path) -> ssl.SSLContext:
    """A server's side of TLS 1.2 that takes DHE where it is offered."""
    numbers = _number(2**BITS - 2**1000 - 1) + _number(2)  # no prime: it need not be one
    packed = encodebytes(b"\x30" + _length(numbers) + numbers).decode()
    group = tmp_path / "group.pem"
    group.write_text(f"-----BEGIN DH PARAMETERS-----\n{packed}-----END DH PARAMETERS-----\n")
    certified.load_dh_params(str(group))
    certified.maximum_version = ssl.TLSVersion.TLSv1_2
    certified.set_ciphers("DHE:@SECLEVEL=0")
    return certified


@contextmanager
def serving(context: ssl.SSLContext) -> Iterator[tuple[str, list[str]]]:
    """Answer whoever comes; in the list is how each connection was encrypted."""
    listening, spoken = socket.create_server(("127.0.0.1", 0)), list[str]()

    def serve() -> None:
        try:
            plain, _ = listening.accept()
            with plain, context.wrap_socket(plain, server_side=True) as tls:
                spoken.append(str(tls.cipher()))
                tls.recv(65536)
                tls.sendall(ANSWER)
        except OSError:
            pass

    thread = Thread(target=serve, daemon=True)
    thread.start()
    with listening:
        yield f"https://127.0.0.1:{listening.getsockname()[1]}", spoken
        thread.join(10)


async def test_a_download_agrees_on_no_key_that_costs(costly: ssl.SSLContext) -> None:
    with serving(costly) as (url, spoken):
        answer = await download(f"{url}/file", io.BytesIO(), LIMITS)
    assert spoken == []
    assert isinstance(answer, DownloadFailed)
    assert "SSL" in answer.why


async def test_a_registry_is_not_reached_by_one(costly: ssl.SSLContext) -> None:
    with serving(costly) as (url, spoken):
        answer = await RipeRest(Clock(), deadline=30).look_up(_question(url))
    assert spoken == []
    assert isinstance(answer, NoAnswer)
    assert answer.fault is Fault.UNREACHABLE


async def test_nor_is_a_holder_known_by_one(costly: ssl.SSLContext) -> None:
    with serving(costly) as (url, spoken):
        answer = await ask(replace(RIPE, rdap_url=f"{url}/"))
    assert spoken == []
    assert fault(answer) is Fault.UNREACHABLE


async def test_others_are_spoken_to_as_before(certified: ssl.SSLContext) -> None:
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        certified.maximum_version = version
        with serving(certified) as (url, spoken):
            answer = await download(f"{url}/file", io.BytesIO(), LIMITS)
        assert isinstance(answer, Downloaded)
        assert len(spoken) == 1
