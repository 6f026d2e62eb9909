"""Resource certificates and revocation lists in the profile of RFC 6487."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from tests.real import signed_objects
from tests.real.signed_objects import Network

_CA_REPOSITORY = x509.ObjectIdentifier("1.3.6.1.5.5.7.48.5")  # RFC 6487, section 4.8.8.1
_MANIFEST = x509.ObjectIdentifier("1.3.6.1.5.5.7.48.10")
_SIGNED_OBJECT = x509.ObjectIdentifier("1.3.6.1.5.5.7.48.11")  # section 4.8.8.2
_POLICY = x509.ObjectIdentifier("1.3.6.1.5.5.7.14.2")  # RFC 6484, section 1.2


_KEYS: dict[str, rsa.RSAPrivateKey] = {}


def rsa_key(name: str) -> rsa.RSAPrivateKey:
    """The key of this name, made once per test run: making one takes a while (RFC 7935: RSA)."""
    if name not in _KEYS:
        _KEYS[name] = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return _KEYS[name]


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who signs: its name and key, and where its own certificate and its list are published."""

    name: str
    key: rsa.RSAPrivateKey
    certificate_uri: str
    crl_uri: str


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is certified, for how long and for what; `None` resources are the issuer's."""

    name: str
    key: rsa.RSAPrivateKey
    serial: int
    not_before: datetime
    not_after: datetime
    networks: Iterable[Network] | None
    asns: Iterable[tuple[int, int]] | None


def key_identifier(key: rsa.RSAPrivateKey) -> bytes:
    """The subject key identifier (RFC 6487, section 4.8.2)."""
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest


def authority_certificate(
    subject: Subject, issuer: Issuer | None, *, repository_uri: str, manifest_uri: str
) -> x509.Certificate:
    """A CA certificate; a trust anchor's own where there is no issuer."""
    builder = _builder(subject, issuer)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(_key_usage(authority=True), critical=True)
    builder = builder.add_extension(
        _access((_CA_REPOSITORY, repository_uri), (_MANIFEST, manifest_uri)), critical=False
    )
    builder = _with_asns(builder, subject)
    return builder.sign(issuer.key if issuer else subject.key, hashes.SHA256())


def end_entity_certificate(
    subject: Subject, issuer: Issuer, *, object_uri: str, with_asns: bool
) -> x509.Certificate:
    """The certificate of one signed object's key; that of a ROA may hold no AS numbers."""
    builder = _builder(subject, issuer)
    builder = builder.add_extension(_key_usage(authority=False), critical=True)
    builder = builder.add_extension(_access((_SIGNED_OBJECT, object_uri)), critical=False)
    if with_asns:
        builder = _with_asns(builder, subject)
    return builder.sign(issuer.key, hashes.SHA256())


def revocation_list(
    issuer: Issuer, revoked: Iterable[int], *, number: int, issued: datetime, next_update: datetime
) -> bytes:
    """The issuer's CRL, DER, naming these serial numbers (RFC 6487, section 5)."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(_name(issuer.name))
        .last_update(issued)
        .next_update(next_update)
        .add_extension(_authority_key(issuer.key), critical=False)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for serial in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(issued)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def _builder(subject: Subject, issuer: Issuer | None) -> x509.CertificateBuilder:
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject.name))
        .issuer_name(_name(issuer.name if issuer else subject.name))
        .public_key(subject.key.public_key())
        .serial_number(subject.serial)
        .not_valid_before(subject.not_before)
        .not_valid_after(subject.not_after)
        .add_extension(x509.SubjectKeyIdentifier(key_identifier(subject.key)), critical=False)
        .add_extension(
            x509.CertificatePolicies([x509.PolicyInformation(_POLICY, None)]), critical=True
        )
        .add_extension(
            _raw(signed_objects.IP_RESOURCES, signed_objects.ip_resources(subject.networks)),
            critical=True,
        )
    )
    if issuer is None:
        return builder
    issuers = AuthorityInformationAccessOID.CA_ISSUERS
    crl = x509.DistributionPoint([_uri(issuer.crl_uri)], None, None, None)
    where = x509.AuthorityInformationAccess(
        [x509.AccessDescription(issuers, _uri(issuer.certificate_uri))]
    )
    return (
        builder.add_extension(_authority_key(issuer.key), critical=False)
        .add_extension(where, critical=False)
        .add_extension(x509.CRLDistributionPoints([crl]), critical=False)
    )


def _with_asns(builder: x509.CertificateBuilder, subject: Subject) -> x509.CertificateBuilder:
    value = signed_objects.as_resources(subject.asns)
    return builder.add_extension(_raw(signed_objects.AS_RESOURCES, value), critical=True)


def _name(common: str) -> x509.Name:
    attribute = x509.NameAttribute(NameOID.COMMON_NAME, common, _ASN1Type.PrintableString)
    return x509.Name([attribute])


def _uri(uri: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier(uri)


def _raw(oid: str, value: bytes) -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value)


def _access(*places: tuple[x509.ObjectIdentifier, str]) -> x509.SubjectInformationAccess:
    descriptions = [x509.AccessDescription(method, _uri(uri)) for method, uri in places]
    return x509.SubjectInformationAccess(descriptions)


def _authority_key(key: rsa.RSAPrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier(key_identifier(key), None, None)


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
