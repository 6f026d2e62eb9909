"""Signatures of webhooks (Standard Webhooks 1.0.0, "Signature scheme"): HMAC-SHA256 and Ed25519.

No secret is kept in the database: each is made of the operator's key, the webhook's id and the
number of its generation. Who has the database alone can sign nothing.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from byoip.domain.errors import Fixable
from byoip.ports.hooks.sending import Secret

_SHORTEST: Final = 32
_LONGEST_FILE: Final = 1024


class UnusableHookKey(Fixable):
    """The operator's key cannot be used."""


class HookSigner:
    """Signs, by keys made of the operator's."""

    def __init__(self, key: bytes) -> None:
        """Take the operator's key, of 32 bytes or more."""
        self._key = key
        self.key_id = self._made("id")[:4].hex()

    @classmethod
    def load(cls, path: Path) -> "HookSigner":
        """Read a file with a key: 32 random bytes or more, as base64.

        Raises:
            UnusableHookKey: there is no such file, or no such key in it.
        """
        try:
            with path.open("rb") as file:
                text = file.read(_LONGEST_FILE)
            key = base64.b64decode(b"".join(text.split()), validate=True)
        except OSError as fault:
            raise UnusableHookKey(f"webhook_key {path}: {fault.strerror}.") from None
        except binascii.Error:
            raise UnusableHookKey(f"webhook_key {path}: is not base64.") from None
        if len(key) < _SHORTEST:
            short = f"has {len(key)} bytes, and {_SHORTEST} are needed"
            raise UnusableHookKey(f"webhook_key {path}: {short} (openssl rand -base64 32).")
        return cls(key)

    def secret(self, webhook_id: UUID, generation: int) -> Secret:
        """The secrets of one webhook."""
        public = self._pair(webhook_id, generation).public_key().public_bytes_raw()
        made = self._symmetric(webhook_id, generation)
        return Secret(f"whsec_{_base64(made)}", f"whpk_{_base64(public)}")

    def headers(
        self,
        webhook_id: UUID,
        generations: Sequence[int],
        message_id: str,
        at: datetime,
        body: bytes,
    ) -> Mapping[str, str]:
        """The three headers of an attempt; signatures of the newest generation come first."""
        second = str(int(at.astimezone(UTC).timestamp()))
        signed = f"{message_id}.{second}.".encode() + body
        shared = [
            hmac.digest(self._symmetric(webhook_id, one), signed, "sha256") for one in generations
        ]
        own = [self._pair(webhook_id, one).sign(signed) for one in generations]
        signatures = [f"v1,{_base64(one)}" for one in shared]
        signatures += [f"v1a,{_base64(one)}" for one in own]
        return {
            "webhook-id": message_id,
            "webhook-timestamp": second,
            "webhook-signature": " ".join(signatures),
        }

    def _symmetric(self, webhook_id: UUID, generation: int) -> bytes:
        return self._made("v1", webhook_id.hex, str(generation))

    def _pair(self, webhook_id: UUID, generation: int) -> Ed25519PrivateKey:
        made = self._made("v1a", webhook_id.hex, str(generation))
        return Ed25519PrivateKey.from_private_bytes(made)

    def _made(self, *of: str) -> bytes:
        """32 bytes (HKDF-Expand of one block, RFC 5869, section 2.3)."""
        info = "\0".join(("byoip webhook", *of)).encode() + b"\x01"
        return hmac.new(self._key, info, sha256).digest()


def signer_of_our_own(directory: Path, random: bytes) -> HookSigner:
    """With the key in this directory, which is made of the random bytes where there is none yet."""
    path = directory / "webhook.key"
    if not path.exists():
        made = path.with_suffix(".new")
        made.touch(mode=0o600)
        made.write_text(f"{_base64(random)}\n")
        made.replace(path)
    return HookSigner.load(path)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
