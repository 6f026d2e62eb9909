"""A receiver whose TLS 1.3 says so much after its handshake: tickets, packed as many as fit.

Run as a program with files of a certificate and its key: prints its port, and serves for ever.
"""

import hmac
import socket
import ssl
import struct
import sys
import tempfile
import threading
from hashlib import sha256, sha384
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

# RFC 8446, section 4.6.1: lifetime, age_add, an empty nonce, a ticket of one byte, no extensions.
_TICKET = b"\x04" + (14).to_bytes(3, "big") + struct.pack(">IIBHBH", 60, 0, 0, 1, 1, 0)
_RECORD = _TICKET * (16_000 // len(_TICKET))


def _expanded(secret: bytes, label: bytes, size: int) -> bytes:
    """HKDF-Expand-Label of one block (RFC 8446, section 7.1)."""
    full = b"tls13 " + label
    info = struct.pack(">HB", size, len(full)) + full + b"\0\x01"
    return hmac.new(secret, info, sha256 if len(secret) == 32 else sha384).digest()[:size]


def _secret(keylog: Path) -> bytes:
    lines = [line.split() for line in keylog.read_text().splitlines()]
    return bytes.fromhex(next(one[2] for one in lines if one[0] == "SERVER_TRAFFIC_SECRET_0"))


def _flood(wire: socket.socket, cert: str, key: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    context.num_tickets = 0
    with tempfile.TemporaryDirectory() as at:
        context.keylog_filename = f"{at}/keys"
        inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
        made = context.wrap_bio(inward, outward, server_side=True)
        while True:
            try:
                made.do_handshake()
                break
            except ssl.SSLWantReadError:
                wire.sendall(outward.read())
                inward.write(wire.recv(65536))
        wire.sendall(outward.read())
        secret = _secret(Path(context.keylog_filename))
    size = 16 if "AES_128" in made.cipher()[0] else 32  # type: ignore[index]  # it has one
    sealed, iv = AESGCM(_expanded(secret, b"key", size)), _expanded(secret, b"iv", 12)
    for number in range(2**32):
        plain = _RECORD + b"\x16"
        head = b"\x17\x03\x03" + (len(plain) + 16).to_bytes(2, "big")
        nonce = (int.from_bytes(iv, "big") ^ number).to_bytes(12, "big")
        wire.sendall(head + sealed.encrypt(nonce, plain, head))


def _serve(wire: socket.socket, cert: str, key: str) -> None:
    try:
        _flood(wire, cert, key)
    except OSError:
        wire.close()


def main() -> None:
    """Serve."""
    listening = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    while True:
        wire, _ = listening.accept()
        threading.Thread(target=_serve, args=(wire, *sys.argv[1:3]), daemon=True).start()


if __name__ == "__main__":
    main()
