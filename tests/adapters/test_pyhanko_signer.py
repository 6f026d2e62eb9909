"""Real keys, and signatures that pyhanko's own validation judges; poppler does in tests/real."""

import stat
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from byoip.adapters.letters.pyhanko_signer import (
    PyhankoSigner,
    UnusableSeal,
    make_self_signed,
    signer_of_our_own,
)
from byoip.adapters.letters.typst_press import TypstPress
from byoip.ports.letters.letters import Seal
from tests.domain.letters import REFERENCE, letter_facts

OPERATOR = "Example Networks B.V."


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return tmp_path / "key.pem"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return tmp_path / "certificate.pem"


@pytest.fixture
def signer(key: Path, certificate: Path) -> PyhankoSigner:
    make_self_signed(key, certificate, operator=OPERATOR, now=datetime.now(UTC))
    return PyhankoSigner.load(key, certificate)


async def pressed(seal: Seal) -> bytes:
    return await TypstPress("https://byoip.example.net", seal).press(letter_facts())


def _trusting(certificate: Path) -> ValidationContext:
    roots = list(load_certs_from_pemder_data(certificate.read_bytes()))
    return ValidationContext(trust_roots=roots, allow_fetching=False)


async def judged(document: bytes, trusted: Path) -> PdfSignatureStatus:
    (signature,) = PdfFileReader(BytesIO(document)).embedded_regular_signatures
    return await async_validate_pdf_signature(signature, _trusting(trusted))


async def test_the_signature_covers_the_whole_letter_and_is_valid(
    signer: PyhankoSigner, certificate: Path
) -> None:
    letter = await pressed(signer.seal)
    signed = await signer.sign(letter, letter_facts())
    assert signed.startswith(letter)
    status = await judged(signed, certificate)
    assert status.bottom_line
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE


async def test_the_signature_says_for_which_letter_it_is(signer: PyhankoSigner) -> None:
    signed = await signer.sign(await pressed(signer.seal), letter_facts())
    (signature,) = PdfFileReader(BytesIO(signed)).embedded_regular_signatures
    assert str(REFERENCE) in signature.sig_object["/Reason"]
    assert signature.sig_object["/Name"] == OPERATOR


async def test_a_changed_letter_is_no_longer_signed(
    signer: PyhankoSigner, certificate: Path
) -> None:
    signed = await signer.sign(await pressed(signer.seal), letter_facts())
    assert not (await judged(signed.replace(b"/Lang", b"/Lank", 1), certificate)).bottom_line


def test_the_key_of_the_embedded_default_is_ours_alone_to_read(
    signer: PyhankoSigner, key: Path, certificate: Path
) -> None:
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    own = x509.load_pem_x509_certificate(certificate.read_bytes())
    assert signer.seal == Seal(OPERATOR, own.fingerprint(hashes.SHA256()).hex(), self_signed=True)
    assert own.not_valid_after_utc > datetime.now(UTC) + timedelta(days=9 * 365)


def test_the_embedded_default_makes_its_key_once(tmp_path: Path) -> None:
    (tmp_path / "letter-certificate.pem").write_text("left over from a start that was cut short")
    first = signer_of_our_own(tmp_path, operator=OPERATOR, now=datetime.now(UTC))
    again = signer_of_our_own(tmp_path, operator="renamed since", now=datetime.now(UTC))
    assert first.seal == again.seal
    assert first.seal.self_signed


@pytest.mark.parametrize("there", ["key.pem", "certificate.pem"])
def test_a_key_is_never_overwritten(
    key: Path, certificate: Path, tmp_path: Path, there: str
) -> None:
    (tmp_path / there).write_text("precious")
    with pytest.raises(FileExistsError):
        make_self_signed(key, certificate, operator=OPERATOR, now=datetime.now(UTC))
    assert [file.read_text() for file in tmp_path.iterdir()] == ["precious"]


@pytest.mark.parametrize("operator", ["", "W" * 300, "Жўк \u202e 😀\x00", "a\nb"])
async def test_an_operator_may_have_any_name(key: Path, certificate: Path, operator: str) -> None:
    make_self_signed(key, certificate, operator=operator, now=datetime.now(UTC))
    signer = PyhankoSigner.load(key, certificate)
    signed = await signer.sign(await pressed(signer.seal), letter_facts(operator=operator))
    assert (await judged(signed, certificate)).bottom_line


def _issued(key: Path, certificate: Path, *, operator: str, issuer: str) -> None:
    """An RSA key with a certificate that another key signed."""
    own, other = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in "12")
    named = [
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in (operator, issuer)
    ]
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(named[0])
        .issuer_name(named[1])
        .public_key(own.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(other, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        own.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )


async def test_the_operator_may_bring_a_key_that_an_authority_vouches_for(
    key: Path, certificate: Path
) -> None:
    _issued(key, certificate, operator=OPERATOR, issuer="Example Trust Services")
    signer = PyhankoSigner.load(key, certificate)
    assert (signer.seal.subject, signer.seal.self_signed) == (OPERATOR, False)
    signed = await signer.sign(await pressed(signer.seal), letter_facts())
    status = await judged(signed, certificate)
    assert status.intact
    assert status.valid


def test_a_key_and_another_keys_certificate_are_refused(
    signer: PyhankoSigner, key: Path, tmp_path: Path
) -> None:
    assert signer.seal.self_signed
    other = tmp_path / "other.pem"
    make_self_signed(tmp_path / "other-key.pem", other, operator=OPERATOR, now=datetime.now(UTC))
    with pytest.raises(UnusableSeal, match="not for the key"):
        PyhankoSigner.load(key, other)


@pytest.mark.parametrize("content", [None, b"", b"garbage", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_files_that_cannot_be_read_are_told(
    key: Path, certificate: Path, content: bytes | None
) -> None:
    make_self_signed(key, certificate, operator=OPERATOR, now=datetime.now(UTC))
    for broken in (certificate, key):
        if content is None:
            broken.unlink()
        else:
            broken.write_bytes(content)
        with pytest.raises(UnusableSeal, match="cannot be used"):
            PyhankoSigner.load(key, certificate)
