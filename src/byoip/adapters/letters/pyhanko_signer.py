"""The operator's signature on a letter: PAdES by pyhanko, with the operator's key."""

import asyncio
import os
import textwrap
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pyhanko.keys import load_certs_from_pemder_data, load_private_key_from_pemder_data
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import AxisAlignment, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.text import TextBoxStyle
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.stamp import TextStampStyle
from pyhanko_certvalidator.registry import SimpleCertificateStore

from byoip.domain.foreign_text import shown
from byoip.domain.letters.letter import LetterFacts
from byoip.ports.letters.letters import Seal

_FIELD = "OperatorSignature"
_LIFETIME = timedelta(days=3650)
# The frame that letter.typ draws, 22 to 102 mm from the left and 20 to 45 mm from the foot of the
# page: left, bottom, right, top, in points.
_BOX = (62, 57, 289, 128)
_STAMP = "Digitally signed by\n%(subject)s\non %(ts)s\nfor letter\n%(letter)s"


class UnusableSeal(Exception):  # noqa: N818 - it says what key and certificate are
    """Key and certificate cannot be read, or do not belong together."""


@dataclass(frozen=True, slots=True)
class PyhankoSigner:
    """Signs letters with the operator's key: PAdES baseline B-B, with a visible stamp."""

    signer: SimpleSigner
    seal: Seal

    @classmethod
    def load(cls, key: Path, certificate: Path) -> "PyhankoSigner":
        """Take the operator's key and certificate from files.

        Args:
            key: PEM without a passphrase; P-256 by preference.
            certificate: PEM; certificates of its issuers may follow it.

        Raises:
            UnusableSeal: unreadable, or the one is not for the other.
        """
        try:
            packed, chain = key.read_bytes(), certificate.read_bytes()
            private = serialization.load_pem_private_key(packed, password=None)
            own, *_ = x509.load_pem_x509_certificates(chain)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as fault:
            raise UnusableSeal(f"{key} and {certificate} cannot be used: {fault}") from fault
        if private.public_key() != own.public_key():
            raise UnusableSeal(f"{certificate} is not for the key in {key}.")
        return cls(_signer(packed, chain), _seal(own))

    async def sign(self, pdf: bytes, facts: LetterFacts) -> bytes:
        """Append the signature; the document stays as it is, and allows no later change."""
        return await asyncio.to_thread(self._sign, pdf, facts)

    def _sign(self, pdf: bytes, facts: LetterFacts) -> bytes:
        signed = BytesIO()
        _pdf_signer(self.signer, facts).sign_pdf(
            IncrementalPdfFileWriter(BytesIO(pdf)),
            appearance_text_params={
                "subject": _lines(self.seal.subject),
                "letter": str(facts.reference),
            },
            output=signed,
        )
        return signed.getvalue()


def signer_of_our_own(directory: Path, *, operator: str, now: datetime) -> PyhankoSigner:
    """The signer whose key we keep in a directory; the key is made when it is first asked for.

    Raises:
        UnusableSeal: what lies there cannot be used.
    """
    key, certificate = directory / "letter-key.pem", directory / "letter-certificate.pem"
    if not key.exists():
        certificate.unlink(missing_ok=True)  # without its key it is of no use
        make_self_signed(key, certificate, operator=operator, now=now)
    return PyhankoSigner.load(key, certificate)


def make_self_signed(key: Path, certificate: Path, *, operator: str, now: datetime) -> None:
    """Make a P-256 key and a self-signed certificate for it.

    Neither file may exist; only this user can read the key.

    Raises:
        FileExistsError: one of them is there; then neither is touched.
    """
    for file in (key, certificate):
        if file.exists():
            raise FileExistsError(f"{file} is there already")
    private = ec.generate_private_key(ec.SECP256R1())
    # The certificate first: where there is a key, there is a certificate, too.
    _write(certificate, _self_signed(private, operator, now), mode=0o644)
    packed = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(key, packed, mode=0o600)


def _self_signed(private: ec.EllipticCurvePrivateKey, operator: str, now: datetime) -> bytes:
    # RFC 5280, appendix A.1: a common name has at most 64 characters.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, shown(operator)[:64] or "operator")])
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False
        )
    )
    return made.sign(private, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _write(file: Path, content: bytes, *, mode: int) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
        stream.write(content)


def _signer(key: bytes, chain: bytes) -> SimpleSigner:
    own, *issuers = load_certs_from_pemder_data(chain)
    private = load_private_key_from_pemder_data(key, passphrase=None)
    return SimpleSigner(own, private, SimpleCertificateStore.from_certs(issuers))


def _seal(certificate: x509.Certificate) -> Seal:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    name = str(names[0].value) if names else certificate.subject.rfc4514_string()
    own = certificate.issuer == certificate.subject
    return Seal(shown(name), certificate.fingerprint(hashes.SHA256()).hex(), self_signed=own)


def _pdf_signer(signer: SimpleSigner, facts: LetterFacts) -> PdfSigner:
    meta = PdfSignatureMetadata(
        field_name=_FIELD,
        reason=f"Letter of Agency {facts.reference}",
        name=facts.operator,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
        subfilter=SigSeedSubFilter.PADES,
    )
    left_aligned = SimpleBoxLayoutRule(
        x_align=AxisAlignment.ALIGN_MIN,
        y_align=AxisAlignment.ALIGN_MID,
        margins=Margins(left=6, right=6, top=4, bottom=4),
    )
    style = TextStampStyle(
        border_width=0,
        stamp_text=_STAMP,
        inner_content_layout=left_aligned,
        text_box_style=TextBoxStyle(font_size=8, leading=11),
    )
    field = SigFieldSpec(_FIELD, on_page=-1, box=_BOX)
    return PdfSigner(meta, signer, stamp_style=style, new_field_spec=field)


def _lines(text: str) -> str:
    return "\n".join(textwrap.wrap(text, width=40))
