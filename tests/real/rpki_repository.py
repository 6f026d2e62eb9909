"""An RPKI of our own: a trust anchor, authorities, ROAs, laid out as a cache of rpki-client.

Everything is published in `CACHE/<host>/<path of its rsync URI>`, the trust anchor's certificate
in `CACHE/ta/<name of the TAL>/`, where rpki-client looks when it may not fetch (`-n`).
"""

import base64
import hashlib
import ipaddress
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.real import rpki_certificates, signed_objects
from tests.real.rpki_certificates import Issuer, Subject, rsa_key
from tests.real.signed_objects import Network

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_ALL_NETWORKS = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
_ALL_ASNS = ((0, 2**32 - 1),)


class RoaFault(Enum):
    """What is wrong with one ROA; none of these may cost any other ROA."""

    NONE = "good"
    EXPIRED = "its certificate ran out a day ago"
    NOT_YET_VALID = "its certificate begins tomorrow"
    REVOKED = "its certificate is on the revocation list"
    BAD_SIGNATURE = "its last byte, of the signature, was changed"


class AuthorityFault(Enum):
    """What is wrong with one authority's publication; each costs all its ROAs."""

    NONE = "good"
    MISSING_FILE = "a file on its manifest is not there"
    WRONG_HASH = "a file is not the one on its manifest"
    NO_MANIFEST = "its manifest is not there"
    STALE = "its manifest and revocation list should have been renewed a day ago"
    REVOKED = "its certificate is on the trust anchor's revocation list"


@dataclass(frozen=True, slots=True)
class Roa:
    """A route origin authorisation by one authority."""

    asn: int
    network: Network
    max_length: int | None
    fault: RoaFault


@dataclass
class _Authority:
    name: str
    networks: list[Network]
    fault: AuthorityFault
    roas: list[Roa] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PublishedRpki:
    """Where a repository was written: what `rpki-client -d CACHE -t TAL` takes."""

    cache: Path
    tal: Path


class RpkiRepository:
    """What one trust anchor holds. `name` is the TAL's, and so the `ta` of every VRP from it.

    Validity is counted from `now`: a day for lists and manifests, 300 days for certificates.
    Several repositories (of different names) may be published into one directory.
    """

    def __init__(
        self, name: str = "test", *, host: str | None = None, now: datetime | None = None
    ) -> None:
        self.name = name
        self.now = (now or datetime.now(UTC)).replace(microsecond=0)
        self._host = host or f"rpki.{name}.example"
        self._publications = 0
        self._authorities: dict[str, _Authority] = {}
        self._serial = 0

    def add_authority(
        self, name: str, *prefixes: str, fault: AuthorityFault = AuthorityFault.NONE
    ) -> None:
        """Certify an authority for these prefixes."""
        networks = [ipaddress.ip_network(prefix) for prefix in prefixes]
        self._authorities[name] = _Authority(name, networks, fault)

    def add_roa(
        self,
        authority: str,
        asn: int,
        prefix: str,
        *,
        max_length: int | None = None,
        fault: RoaFault = RoaFault.NONE,
    ) -> None:
        """Let an authority sign a ROA; a prefix that it does not hold overclaims."""
        roa = Roa(asn, ipaddress.ip_network(prefix), max_length, fault)
        self._authorities[authority].roas.append(roa)

    def publish(self, directory: Path, *, tal_key: str = "anchor") -> PublishedRpki:
        """Write the cache and the TAL below `directory`, replacing what was published before.

        Any other `tal_key` makes a TAL that the trust anchor's certificate does not match.
        """
        cache, tal = directory / "cache", directory / f"{self.name}.tal"
        shutil.rmtree(cache / self._host, ignore_errors=True)
        self._publications += 1
        anchor = self._issuer("ta", "anchor", f"{self._base}/ta.cer")
        certificate = rpki_certificates.authority_certificate(
            self._subject("ta", anchor.key, networks=_ALL_NETWORKS),
            None,
            repository_uri=f"{self._base}/ta/",
            manifest_uri=f"{self._base}/ta/ta.mft",
        )
        der = certificate.public_bytes(Encoding.DER)
        _write(cache / "ta" / self.name / "ta.cer", der)
        _write(cache / self._host / "repo" / "ta.cer", der)
        files, revoked = self._publish_authorities(cache, anchor)
        self._publish_point(cache, "ta", anchor, files, revoked, AuthorityFault.NONE)
        spki = rsa_key(f"{self.name}/{tal_key}").public_key()
        encoded = spki.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        tal.write_text(f"{anchor.certificate_uri}\n\n{base64.b64encode(encoded).decode()}\n")
        return PublishedRpki(cache, tal)

    @property
    def _base(self) -> str:
        return f"rsync://{self._host}/repo"

    def _issuer(self, name: str, key: str, certificate_uri: str) -> Issuer:
        crl_uri = f"{self._base}/{name}/{name}.crl"
        return Issuer(name, rsa_key(f"{self.name}/{key}"), certificate_uri, crl_uri)

    def _subject(
        self,
        name: str,
        key: rsa.RSAPrivateKey,
        *,
        networks: tuple[Network, ...] | list[Network] | None,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
    ) -> Subject:
        self._serial += 1
        return Subject(
            name,
            key,
            self._serial,
            not_before or self.now - 30 * _DAY,
            not_after or self.now + 300 * _DAY,
            networks,
            None if networks is None else _ALL_ASNS,
        )

    def _publish_authorities(
        self, cache: Path, anchor: Issuer
    ) -> tuple[dict[str, bytes], list[int]]:
        files, revoked = {}, []
        for authority in self._authorities.values():
            name = authority.name
            own = self._issuer(name, f"authority/{name}", f"{self._base}/ta/{name}.cer")
            certificate = rpki_certificates.authority_certificate(
                self._subject(name, own.key, networks=authority.networks),
                anchor,
                repository_uri=f"{self._base}/{name}/",
                manifest_uri=f"{self._base}/{name}/{name}.mft",
            )
            files[f"{name}.cer"] = certificate.public_bytes(Encoding.DER)
            if authority.fault is AuthorityFault.REVOKED:
                revoked.append(certificate.serial_number)
            roas, bad = self._sign_roas(authority, own)
            self._publish_point(cache, name, own, roas, bad, authority.fault)
        return files, revoked

    def _sign_roas(
        self, authority: _Authority, issuer: Issuer
    ) -> tuple[dict[str, bytes], list[int]]:
        files, revoked = {}, []
        for number, roa in enumerate(authority.roas):
            name = f"{number}.roa"
            begins = self.now + _DAY if roa.fault is RoaFault.NOT_YET_VALID else None
            ends = self.now - _DAY if roa.fault is RoaFault.EXPIRED else None
            subject = self._subject(
                f"{authority.name}-roa-{number}",
                rsa_key("end entity"),
                networks=[roa.network],
                not_before=begins,
                not_after=ends,
            )
            certificate = rpki_certificates.end_entity_certificate(
                subject, issuer, object_uri=f"{self._base}/{authority.name}/{name}", with_asns=False
            )
            content = signed_objects.roa_content(roa.asn, {roa.network: roa.max_length})
            files[name] = self._sign(signed_objects.ROA, content, certificate)
            if roa.fault is RoaFault.BAD_SIGNATURE:
                files[name] = files[name][:-1] + bytes([files[name][-1] ^ 1])
            if roa.fault is RoaFault.REVOKED:
                revoked.append(subject.serial)
        return files, revoked

    def _publish_point(
        self,
        cache: Path,
        name: str,
        issuer: Issuer,
        files: dict[str, bytes],
        revoked: list[int],
        fault: AuthorityFault,
    ) -> None:
        renewed = -_DAY if fault is AuthorityFault.STALE else _DAY
        issued, next_update = self.now - 2 * _DAY, self.now + renewed
        crl = rpki_certificates.revocation_list(
            issuer, revoked, number=self._publications, issued=issued, next_update=next_update
        )
        published = {**files, f"{name}.crl": crl}
        place = cache / self._host / "repo" / name
        for file, data in published.items():
            _write(place / file, data)
        manifest = self._manifest(name, issuer, published, issued, next_update)
        _write(place / f"{name}.mft", manifest)
        _spoil(place, name, sorted(files)[:1], fault)

    def _manifest(
        self,
        name: str,
        issuer: Issuer,
        files: dict[str, bytes],
        issued: datetime,
        next_update: datetime,
    ) -> bytes:
        subject = self._subject(
            f"{name}-manifest",
            rsa_key("end entity"),
            networks=None,
            not_before=issued,
            not_after=next_update,
        )
        certificate = rpki_certificates.end_entity_certificate(
            subject, issuer, object_uri=f"{self._base}/{name}/{name}.mft", with_asns=True
        )
        digests = {file: hashlib.sha256(data).digest() for file, data in files.items()}
        content = signed_objects.manifest_content(self._publications, issued, next_update, digests)
        return self._sign(signed_objects.MANIFEST, content, certificate)

    def _sign(self, kind: str, content: bytes, certificate: x509.Certificate) -> bytes:
        key = rsa_key("end entity")
        return signed_objects.signed_object(
            kind,
            content,
            certificate=certificate.public_bytes(Encoding.DER),
            key_identifier=rpki_certificates.key_identifier(key),
            key=key,
            signed_at=self.now - 2 * _DAY,
        )


def _spoil(place: Path, name: str, victims: list[str], fault: AuthorityFault) -> None:
    if fault is AuthorityFault.NO_MANIFEST:
        (place / f"{name}.mft").unlink()
    for victim in victims:
        if fault is AuthorityFault.MISSING_FILE:
            (place / victim).unlink()
        if fault is AuthorityFault.WRONG_HASH:
            (place / victim).write_bytes((place / victim).read_bytes() + b"\0")


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
