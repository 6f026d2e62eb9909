"""Trust, 1.3: a TLS record that cannot be opened, after the handshake, is that server's fault.

httpcore lets the raw `ssl.SSLError` pass: it ended the job that takes the statistics of all
registries, a validation run, and a pre-flight.
"""

import io
import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from byoip.adapters.checks.ripe_rest import RipeRest
from byoip.adapters.http_pieces import trusted
from byoip.adapters.https_download import DownloadFailed, DownloadLimits, download
from byoip.domain.checks.evidence import Fault
from byoip.ports.checks.registry import NoAnswer
from tests.fakes.rdap_servers import RIPE, ask, fault
from tests.trust.test_1_3_hostile_downloads import Clock, _question

BROKEN = b"\x17\x03\x03\x00\x20" + b"x" * 32  # application data, of no key
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
LIMITS = DownloadLimits(timedelta(seconds=5), largest=10**6)


@pytest.fixture
def certified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """A server's side of TLS, for 127.0.0.1, that this process trusts."""
    yield from certified_by(ec.generate_private_key(ec.SECP256R1()), tmp_path, monkeypatch)


def certified_by(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[ssl.SSLContext]:
    """The same, with this key."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    usage = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(usage, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem.write_bytes(secret + made.public_bytes(Encoding.PEM))
    authorities = tmp_path / "authorities.pem"
    authorities.write_bytes(made.public_bytes(Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(authorities))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    trusted.cache_clear()
    yield context
    trusted.cache_clear()


@contextmanager
def breaking(context: ssl.SSLContext, before: bytes) -> Iterator[str]:
    """A server that says `before`, and then sends a record that no key opens."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        plain, _ = listening.accept()
        with context.wrap_socket(plain, server_side=True) as tls:
            tls.recv(65536)
            if before:
                tls.sendall(before)
            os.write(tls.fileno(), BROKEN)
            try:
                while tls.recv(65536):
                    pass
            except OSError:
                pass

    thread = Thread(target=serve, daemon=True)
    thread.start()
    with listening:
        yield f"https://127.0.0.1:{listening.getsockname()[1]}"
        thread.join(10)
    assert not thread.is_alive()


before_and_within = pytest.mark.parametrize(
    "before", [b"", HEAD + b"{" * 500], ids=["before the body", "within the body"]
)


@before_and_within
async def test_a_download_fails(certified: ssl.SSLContext, before: bytes) -> None:
    with breaking(certified, before) as url:
        answer = await download(f"{url}/file", io.BytesIO(), LIMITS)
    assert isinstance(answer, DownloadFailed)
    assert "ReadError" in answer.why
    assert "SSL" in answer.why


@before_and_within
async def test_a_registry_is_not_reached(certified: ssl.SSLContext, before: bytes) -> None:
    with breaking(certified, before) as url:
        answer = await RipeRest(Clock(), deadline=30).look_up(_question(url))
    assert isinstance(answer, NoAnswer)
    assert answer.fault is Fault.UNREACHABLE
    assert "SSL" in answer.detail
    assert answer.exhibit.answer == b"{" * 500 if before else not answer.exhibit.answer


@before_and_within
async def test_a_holder_is_not_known(certified: ssl.SSLContext, before: bytes) -> None:
    with breaking(certified, before) as url:
        answer = await ask(replace(RIPE, rdap_url=f"{url}/"))
    assert fault(answer) is Fault.UNREACHABLE
    assert "SSL" in answer.said.detail
