"""What a core and a perspective say to each other: one POST, one answer, both signed.

    POST /ask    request, and its signature in the header `byoip-signature`
    200          answer, and its signature in the same header

Both are JSON; bytes stand in it as base64 (RFC 4648, section 4). A signature (Ed25519, RFC 8032) is
over a few words of its own kind and the body as sent; that of an answer is over the request's
digest, too, so no answer fits another question. Nothing in a question is secret: no token, and no
account. What a body says of its protocol comes first: one of another major version is not read on.
"""

import base64
import binascii
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias, TypeVar

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from byoip.domain.asn import LAST_ASN
from byoip.domain.errors import Fixable

# The look is a part of it: with questions that the other side does not ask, nothing is judged.
MAJOR: Final = 1
VERSION: Final = f"{MAJOR}.1"
BEFORE_AUT_NUM: Final = f"{MAJOR}.0"  # the version that has no question about AS numbers
HEADER: Final = "byoip-signature"
PATH: Final = "/ask"
CLOCKS_APART: Final = 60  # seconds
MOST_ASKED: Final = 4096  # bytes of a request
MOST_ANSWERED: Final = 8 * 1024 * 1024  # of an answer: four megabytes of a registry, as base64
MOST_LOOKED: Final = 2 * 1024 * 1024  # of one to a look, which may come to 256 KiB and some
_MOST_PARTS: Final = 4096  # objects and lists: five for each of the 512 questions of a look
_OF_REQUEST: Final = b"byoip perspective request\0"
_OF_ANSWER: Final = b"byoip perspective answer\0"
_LONGEST_KEY_FILE: Final = 4096
_Message = TypeVar("_Message")


class Look(msgspec.Struct, tag="look"):
    """Look at a reverse zone: the part of a prefix that it covers, and the label before it."""

    zone: str
    label: str


class LookUp(msgspec.Struct, tag="look_up"):
    """Ask the registry of this key, by the perspective's settings, about a prefix."""

    registry: str
    lookup: str
    prefix: str


class AutNum(msgspec.Struct, tag="aut_num"):
    """Ask the registry of this key for the aut-num object of an AS number. Since version 1.1."""

    registry: str
    asn: Annotated[int, msgspec.Meta(ge=1, le=LAST_ASN)]


class Hello(msgspec.Struct, tag="hello"):
    """Who are you? Asked by the doctor and the watch."""


Question: TypeAlias = Look | LookUp | AutNum | Hello


class Request(msgspec.Struct):
    """A question, for one perspective, once.

    Attributes:
        to: the perspective's name.
        nonce: 32 hex digits, new for each question.
        at: seconds since 1970, by the core's clock.
        party: in whose turn it is asked: the same word of the same account, which says to nobody
            but the core which that is. Older cores send none.
    """

    version: str
    to: str
    nonce: str
    at: float
    question: Question
    party: str = ""


class Said(msgspec.Struct):
    """What came of one DNS question: a message as it came, or why there is none (`fault`)."""

    wire: bytes
    fault: str = ""
    detail: str = ""


class Exchanged(msgspec.Struct):
    """Questions that went out together to one server, and what came of each.

    Attributes:
        asked: of each question the name in wire form, the type, and the header's flags.
    """

    address: str
    port: int
    stream: bool
    asked: list[tuple[bytes, int, int]]
    said: list[Said]


class Looked(msgspec.Struct, tag="looked"):
    """All exchanges of a look.

    Attributes:
        resolvers: the perspective's own, `address` and port, in the order in which it asks them.
        port: at which it asks name servers.
        families: of addresses to which it has a route, 4 and 6.
    """

    resolvers: list[tuple[str, int]]
    port: int
    families: list[int]
    exchanges: list[Exchanged]


class LookedUp(msgspec.Struct, tag="looked_up"):
    """What a registry answered, as it came; `fault`: why it cannot be judged, empty if it can.

    Attributes:
        status: of HTTP, where the registry was asked over REST; 0: over whois.
    """

    asked: str
    of: str
    answer: bytes
    status: int = 0
    fault: str = ""
    detail: str = ""


class Refused(msgspec.Struct, tag="refused"):
    """A question of the core that is not answered, and why."""

    why: str


class Greeting(msgspec.Struct, tag="greeting"):
    """The perspective is there; who it is stands in the answer."""

    software: str


class Answer(msgspec.Struct):
    """An answer: by whom, to which question, when by its own clock."""

    version: str
    name: str
    region: str
    nonce: str
    at: float
    answer: Looked | LookedUp | Refused | Greeting


class _Versioned(msgspec.Struct):
    version: str


class NotForUs(Exception):  # noqa: N818 - it says what the message is
    """A message that is not read on; the text says why."""


class UnusableKey(Fixable):
    """A key of the settings cannot be used."""


def sign_request(key: Ed25519PrivateKey, body: bytes) -> str:
    """The header's value for a request."""
    return _text(key.sign(_OF_REQUEST + body))


def sign_answer(key: Ed25519PrivateKey, request: bytes, body: bytes) -> str:
    """The header's value for the answer to this request."""
    return _text(key.sign(_OF_ANSWER + sha256(request).digest() + body))


def request_is_of(key: Ed25519PublicKey, signature: str, body: bytes) -> bool:
    """Whether the holder of this key has signed the request."""
    return _verified(key, signature, _OF_REQUEST + body)


def answer_is_of(key: Ed25519PublicKey, signature: str, request: bytes, body: bytes) -> bool:
    """Whether the holder of this key has signed the answer, to this request."""
    return _verified(key, signature, _OF_ANSWER + sha256(request).digest() + body)


def read(body: bytes, kind: type[_Message]) -> _Message:
    """Read a message whose signature holds.

    Raises:
        NotForUs: it is of another major version, or not such a message.
    """
    if body.count(b"{") + body.count(b"[") > _MOST_PARTS:  # reading keeps the event loop
        raise NotForUs("too much is in it")
    try:
        version = msgspec.json.decode(body, type=_Versioned).version
        if version.partition(".")[0] != str(MAJOR):
            raise NotForUs(f"version {version[:20]!r}, and {VERSION} is spoken here")
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as fault:
        raise NotForUs(f"not a message of this protocol: {fault}") from None


def written(message: Any) -> bytes:
    """A message as it is signed and sent."""
    return msgspec.json.encode(message)


def private_key(path: Path) -> Ed25519PrivateKey:
    """Read a PEM file (`openssl genpkey -algorithm ed25519`).

    Raises:
        UnusableKey: there is no such file, or no such key in it.
    """
    try:
        with path.open("rb") as file:
            key = load_pem_private_key(file.read(_LONGEST_KEY_FILE), password=None)
    except OSError as fault:
        raise UnusableKey(f"perspective_key {path}: {fault.strerror}.") from None
    except (ValueError, TypeError):
        raise UnusableKey(f"perspective_key {path}: is no PEM of a private key.") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise UnusableKey(f"perspective_key {path}: is not a key of Ed25519.")
    return key


def public_key(text: str) -> Ed25519PublicKey:
    """Read the 32 bytes of a public key from base64.

    Raises:
        ValueError: they are not.
    """
    try:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        raise ValueError("is not a public key of Ed25519: 32 bytes in base64") from None


def public_text(key: Ed25519PrivateKey) -> str:
    """The public key of a private one, as settings have it."""
    return _text(key.public_key().public_bytes_raw())


def _verified(key: Ed25519PublicKey, signature: str, signed: bytes) -> bool:
    try:
        key.verify(base64.b64decode(signature, validate=True), signed)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
