"""Webhooks 3: what TLS says of its own after the handshake is bounded, too."""

import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from byoip.adapters.hooks.addresses import Addresses
from byoip.adapters.hooks.pinned_post import PinnedPost
from byoip.adapters.http_pieces import by_curves
from byoip.domain.hooks.destination import Destination
from tests.hooks.hooked import ANYWHERE, LOOPBACK

SECONDS = 5.0


@pytest.fixture
def certified(tmp_path: Path) -> tuple[Path, Path]:
    """Files of a certificate of 127.0.0.1, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "receiver")])
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    at, of = tmp_path / "receiver.pem", tmp_path / "receiver.key"
    at.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    of.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return at, of


@pytest.fixture
def port(certified: tuple[Path, Path]) -> Iterator[int]:
    """Of a receiver that sends session tickets without end."""
    program = [sys.executable, "-m", "tests.hooks.tls_floods", *map(str, certified)]
    with subprocess.Popen(program, stdout=subprocess.PIPE) as running:
        try:
            assert running.stdout
            yield int(running.stdout.readline())
        finally:
            running.kill()


async def test_session_tickets_without_end_do_not_keep_the_worker(
    port: int, certified: tuple[Path, Path]
) -> None:
    tls = by_curves(ssl.create_default_context(cafile=certified[0]))
    sender = PinnedPost(Addresses([], LOOPBACK), tls=tls, seconds=SECONDS)
    began = time.process_time()
    to = Destination.parse(f"https://127.0.0.1:{port}/hook", ANYWHERE)
    said = await sender.post(to, {"webhook-id": "1"}, b"{}")
    assert said.status is None
    assert "sends more than" in said.text
    assert time.process_time() - began < SECONDS / 4, "it was read to the end of its time"
