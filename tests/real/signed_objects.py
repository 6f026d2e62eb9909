"""The bytes of RPKI's signed objects, written by hand: DER, RFC 3779 resources, ROA, manifest, CMS.

Just enough to write; nothing here reads. Strange objects can be written as easily as good ones.
"""

import hashlib
import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

IP_RESOURCES = "1.3.6.1.5.5.7.1.7"  # RFC 3779, section 2.2.1
AS_RESOURCES = "1.3.6.1.5.5.7.1.8"  # RFC 3779, section 3.2.1
ROA = "1.2.840.113549.1.9.16.1.24"  # RFC 9582, section 3
MANIFEST = "1.2.840.113549.1.9.16.1.26"  # RFC 9286, section 4.1
_SIGNED_DATA = "1.2.840.113549.1.7.2"  # RFC 5652
_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_SIGNING_TIME = "1.2.840.113549.1.9.5"
_SHA256 = "2.16.840.1.101.3.4.2.1"
_RSA = "1.2.840.113549.1.1.1"
_NULL = b"\x05\x00"


def _tlv(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body)
    if size < 0x80:
        return bytes([tag, size]) + body
    width = (size.bit_length() + 7) // 8
    return bytes([tag, 0x80 | width]) + size.to_bytes(width, "big") + body


def _sequence(*parts: bytes) -> bytes:
    return _tlv(0x30, *parts)


def _set(*parts: bytes) -> bytes:
    return _tlv(0x31, *sorted(parts))


def _integer(number: int) -> bytes:
    return _tlv(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _octets(value: bytes) -> bytes:
    return _tlv(0x04, value)


def _oid(dotted: str) -> bytes:
    first, second, *rest = (int(word) for word in dotted.split("."))
    body = bytearray()
    for number in (first * 40 + second, *rest):
        digits = [number & 0x7F]
        while number := number >> 7:
            digits.insert(0, number & 0x7F | 0x80)
        body += bytes(digits)
    return _tlv(0x06, bytes(body))


def _utc_time(moment: datetime) -> bytes:
    return _tlv(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())


def _general_time(moment: datetime) -> bytes:
    return _tlv(0x18, moment.strftime("%Y%m%d%H%M%SZ").encode())


def _prefix(network: Network) -> bytes:
    """RFC 3779, section 2.1.1: a bit string as long as the prefix."""
    size = (network.prefixlen + 7) // 8
    unused = size * 8 - network.prefixlen
    return _tlv(0x03, bytes([unused]), network.network_address.packed[:size])


def _family(version: int) -> bytes:
    return _octets(b"\0\1" if version == 4 else b"\0\2")


def _by_family(networks: Iterable[Network]) -> list[tuple[int, list[Network]]]:
    ordered = sorted(networks, key=lambda n: (n.version, int(n.network_address), n.prefixlen))
    return [(version, list(group)) for version, group in groupby(ordered, lambda n: n.version)]


def ip_resources(networks: Iterable[Network] | None) -> bytes:
    """The value of the IP resource extension; None inherits both families from the issuer."""
    if networks is None:
        return _sequence(*(_sequence(_family(version), _NULL) for version in (4, 6)))
    return _sequence(
        *(
            _sequence(_family(version), _sequence(*map(_prefix, _collapsed(group))))
            for version, group in _by_family(networks)
        )
    )


def _collapsed(networks: Sequence[Network]) -> list[Network]:
    fours = (n for n in networks if isinstance(n, ipaddress.IPv4Network))
    sixes = (n for n in networks if isinstance(n, ipaddress.IPv6Network))
    return [*ipaddress.collapse_addresses(fours), *ipaddress.collapse_addresses(sixes)]


def as_resources(numbers: Iterable[tuple[int, int]] | None) -> bytes:
    """The value of the AS resource extension, from ranges; None inherits from the issuer."""
    if numbers is None:
        return _sequence(_tlv(0xA0, _NULL))
    ranges = (_sequence(_integer(first), _integer(last)) for first, last in sorted(numbers))
    return _sequence(_tlv(0xA0, _sequence(*ranges)))


def roa_content(asn: int, prefixes: Mapping[Network, int | None]) -> bytes:
    """A RouteOriginAttestation (RFC 9582, section 4); a length of None is left out."""
    blocks = []
    for version, group in _by_family(prefixes):
        entries = []
        for network in group:
            length = prefixes[network]
            entries.append(_sequence(_prefix(network), b"" if length is None else _integer(length)))
        blocks.append(_sequence(_family(version), _sequence(*entries)))
    return _sequence(_integer(asn), _sequence(*blocks))


def manifest_content(
    number: int, issued: datetime, next_update: datetime, hashes_by_name: Mapping[str, bytes]
) -> bytes:
    """A Manifest (RFC 9286, section 4.2): file names and the SHA-256 of each."""
    files = [
        _sequence(_tlv(0x16, name.encode()), _tlv(0x03, b"\0", digest))
        for name, digest in sorted(hashes_by_name.items())
    ]
    times = (_general_time(issued), _general_time(next_update))
    return _sequence(_integer(number), *times, _oid(_SHA256), _sequence(*files))


def signed_object(
    kind: str,
    content: bytes,
    *,
    certificate: bytes,
    key_identifier: bytes,
    key: rsa.RSAPrivateKey,
    signed_at: datetime,
) -> bytes:
    """A CMS SignedData as RFC 6488 profiles it, carrying its end entity's certificate (DER)."""
    attributes = (
        _sequence(_oid(_CONTENT_TYPE), _set(_oid(kind))),
        _sequence(_oid(_SIGNING_TIME), _set(_utc_time(signed_at))),
        _sequence(_oid(_MESSAGE_DIGEST), _set(_octets(hashlib.sha256(content).digest()))),
    )
    # Signed as a SET, carried as [0] (RFC 5652, section 5.4).
    as_signed = _set(*attributes)
    signature = key.sign(as_signed, padding.PKCS1v15(), hashes.SHA256())
    signer = _sequence(
        _integer(3),
        _tlv(0x80, key_identifier),
        _sequence(_oid(_SHA256)),
        b"\xa0" + as_signed[1:],
        _sequence(_oid(_RSA), _NULL),
        _octets(signature),
    )
    data = _sequence(
        _integer(3),
        _set(_sequence(_oid(_SHA256))),
        _sequence(_oid(kind), _tlv(0xA0, _octets(content))),
        _tlv(0xA0, certificate),
        _set(signer),
    )
    return _sequence(_oid(_SIGNED_DATA), _tlv(0xA0, data))
