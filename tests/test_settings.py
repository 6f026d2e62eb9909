from pathlib import Path

import pytest

from byoip.domain.asn import Asn
from byoip.domain.checks.registry import Budget, Dialect, Registry
from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import Community
from byoip.settings.loader import read_settings
from byoip.settings.model import require_origins
from byoip.settings.names import SettingsError
from byoip.settings.notes import letter_notes, speaker_notes
from byoip.settings.parts import resolver_address

_FILE = """
origin_asns = [64500, "AS64501"]
token_days = 3
infrastructure = ["203.0.113.0/24"]

[[registries]]
key = "jpirr"
source = "JPIRR"
host = "jpirr.example"
dialect = "irrd"
offers_route_objects = false
budget = { per_minute = 10 }

[national_registries]
JP = "jpirr"

[[registry_overrides]]
prefix = "192.0.2.0/24"
registry = "jpirr"

[[services]]
name = "Scrubbing"
default_only = true
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "byoip.toml"
    path.write_text(_FILE)
    return path


def test_structures_come_from_the_file(file: Path) -> None:
    settings = read_settings({"BYOIP_CONFIG": str(file)})
    assert settings.origins == {Asn(64500), Asn(64501)}
    assert settings.infrastructure == (Prefix.parse("203.0.113.0/24"),)
    assert settings.national_registries == {"JP": "jpirr"}
    (registry,) = settings.registries
    assert registry.registry() == Registry(
        "jpirr",
        "JPIRR",
        "jpirr.example",
        Dialect.IRRD,
        offers_route_objects=False,
        budget=Budget(per_minute=10),
    )
    (override,) = settings.registry_overrides
    assert (str(override.prefix), override.registry) == ("192.0.2.0/24", "jpirr")
    assert [(one.name, one.default_only) for one in settings.services] == [("Scrubbing", True)]


def test_the_environment_wins_over_the_file_and_the_command_line_over_both(file: Path) -> None:
    known = {
        "BYOIP_CONFIG": str(file),
        "BYOIP_ORIGIN_ASNS": "AS64510, 64511",
        "BYOIP_IPV4_LENGTHS": "20-24",
        "BYOIP_PORT": "9000",
        "DATABASE_URL": "postgresql://localhost/byoip",
        "HOME": "/nowhere",
    }
    settings = read_settings(known, port=9001, host=None)
    assert settings.origins == {Asn(64510), Asn(64511)}
    assert settings.ipv4_lengths == (20, 24)
    assert (settings.host, settings.port) == ("127.0.0.1", 9001)
    assert settings.database_url == "postgresql://localhost/byoip"
    assert settings.token_days == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BYOIP_ORIGINASNS", "64500"),
        ("BYOIP_ORIGIN_ASNS", "64500, many"),
        ("BYOIP_ORIGIN_ASNS", "0"),
        ("BYOIP_PORT", "65536"),
        ("BYOIP_TOKEN_DAYS", "31"),
        ("BYOIP_TOKEN_DAYS", "0"),
        ("BYOIP_IPV4_LENGTHS", "8-25"),
        ("BYOIP_IPV6_LENGTHS", "48-32"),
        ("BYOIP_LABEL", "Not A Label"),
        ("BYOIP_RESOLVERS", "resolver.example"),
        ("BYOIP_INFRASTRUCTURE", "203.0.113.1/24"),
        ("BYOIP_PUBLIC_URL", "ftp://byoip.example"),
        ("BYOIP_REGISTRIES", "ripencc"),
    ],
)
def test_what_cannot_be_used_is_an_error_that_names_the_key(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings({name: value})
    if name not in {"BYOIP_IPV4_LENGTHS", "BYOIP_IPV6_LENGTHS", "BYOIP_RESOLVERS"}:
        assert name.removeprefix("BYOIP_").lower() in str(refused.value)


@pytest.mark.parametrize(
    "text",
    ["unknown = 1", "[[registries]]\nkey = 'x'\nports = 1", "[budget]\nx = 1", "not toml", ""],
)
def test_unknown_keys_and_broken_files_are_errors(tmp_path: Path, text: str) -> None:
    path = tmp_path / "byoip.toml"
    path.write_text(text)
    if not text:
        path.unlink()
    with pytest.raises(SettingsError):
        read_settings({"BYOIP_CONFIG": str(path)})


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://rdap.example", "not an https URL"),
        ("https://user@rdap.example", "not a base URL"),
        ("https://rdap.example/?q=1", "not a base URL"),
        ("ftp://rdap.example", "https?"),
    ],
)
def test_registration_data_is_asked_over_tls(tmp_path: Path, url: str, why: str) -> None:
    file = tmp_path / "byoip.toml"
    file.write_text(f'[rdap_urls]\nripencc = "{url}"\n')
    with pytest.raises(SettingsError, match=f"(?s)rdap_urls.*{why}"):
        read_settings({"BYOIP_CONFIG": str(file)})


def test_it_is_asked_where_a_url_is_given_and_nowhere_else(tmp_path: Path) -> None:
    file = tmp_path / "byoip.toml"
    file.write_text(
        '[rdap_urls]\nripencc = "https://rdap.example"\narin = "http://127.0.0.1:1/x"\n'
    )
    registries = read_settings({"BYOIP_CONFIG": str(file)}).all_registries
    urls = {key: one.rdap_url for key, one in registries.items() if one.rdap_url}
    assert urls == {"ripencc": "https://rdap.example/", "arin": "http://127.0.0.1:1/x"}
    assert not any(one.rdap_url for one in read_settings({}).all_registries.values())
    file.write_text('[rdap_urls]\nnobody = "https://rdap.example"\n')
    with pytest.raises(SettingsError, match="no such registry: nobody"):
        read_settings({"BYOIP_CONFIG": str(file)})


def test_settings_are_frozen() -> None:
    settings = read_settings({})
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1  # type: ignore[misc]  # that is what is refused


def test_a_public_url_is_required_beyond_loopback() -> None:
    settings = read_settings({})
    assert settings.base_url("127.0.0.1", 8080) == "http://127.0.0.1:8080"
    assert settings.base_url("::1", 8080) == "http://[::1]:8080"
    with pytest.raises(SettingsError, match="BYOIP_PUBLIC_URL"):
        settings.base_url("0.0.0.0", 8080)
    named = read_settings({"BYOIP_PUBLIC_URL": "https://byoip.example/"})
    assert named.base_url("0.0.0.0", 8080) == "https://byoip.example"


def test_origins_are_required_where_prefixes_are_to_be_announced() -> None:
    with pytest.raises(SettingsError, match="BYOIP_ORIGIN_ASNS"):
        require_origins(read_settings({}))
    require_origins(read_settings({"BYOIP_ORIGIN_ASNS": "64500"}))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", ("192.0.2.1", 53)),
        ("192.0.2.1:5353", ("192.0.2.1", 5353)),
        ("2001:db8::1", ("2001:db8::1", 53)),
        ("[2001:db8::1]", ("2001:db8::1", 53)),
        ("[2001:db8::1]:5353", ("2001:db8::1", 5353)),
    ],
)
def test_resolvers_may_name_a_port(text: str, address: tuple[str, int]) -> None:
    assert resolver_address(text) == address


@pytest.mark.parametrize(
    ("key", "why"),
    [
        pytest.param("atlantis", "no such registry", id="unknown"),
        pytest.param("ripencc", "offers route objects", id="one with route objects"),
    ],
)
def test_irr_is_waived_only_at_known_registries_without_route_objects(key: str, why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        read_settings({"BYOIP_WAIVE_IRR_AT": key})


_SPEAKERS = """
[[speakers]]
name = "ams1"
address = "10.0.0.1:50051"
plaintext = true
stage = 1
next_hop6 = "2001:db8::1"
communities = ["64500:100"]
prepend_communities = ["64500:101", "64500:102", "64500:103"]

[[speakers]]
name = "fra1"
address = "10.0.0.2:50051"
tls_ca = "/etc/byoip/ca.pem"
stage = 1

[[listeners]]
name = "rr1"
socket = "/run/bird/bird.ctl"
"""


def test_speakers_from_the_file_say_their_stage(tmp_path: Path) -> None:
    path = tmp_path / "byoip.toml"
    path.write_text(_SPEAKERS)
    settings = read_settings({"BYOIP_CONFIG": str(path)})
    assert [(one.name, stage) for one, stage in settings.staged_speakers] == [
        ("ams1", 1),
        ("fra1", 1),
    ]
    assert settings.speakers[0].communities == (Community(64500, 100),)
    assert [one.name for one in settings.listeners] == ["rr1"]
    notes = "\n".join(speaker_notes(settings))
    assert "fra1: stage 1, no next_hop6" in notes
    assert "fra1: no prepend_communities" in notes
    assert "ams1: no prepend_communities" not in notes


def test_speakers_from_the_environment_are_a_stage_each() -> None:
    settings = read_settings({"BYOIP_SPEAKERS": "127.0.0.1:50051, 127.0.0.1:50052"})
    assert [(one.address, stage) for one, stage in settings.staged_speakers] == [
        ("127.0.0.1:50051", 1),
        ("127.0.0.1:50052", 2),
    ]
    assert "recorded only" in speaker_notes(read_settings({}))[0]


@pytest.mark.parametrize(
    "value", ["127.0.0.1", "127.0.0.1:0", ":50051", "127.0.0.1:50051,127.0.0.1:50051"]
)
def test_speakers_that_cannot_be_used_are_refused(value: str) -> None:
    with pytest.raises(SettingsError):
        read_settings({"BYOIP_SPEAKERS": value})


def test_an_operator_without_a_key_is_told_who_writes_letters() -> None:
    (note,) = letter_notes(read_settings({}))
    assert "no worker writes any" in note
    files = {"BYOIP_LETTER_KEY": "/key.pem", "BYOIP_LETTER_CERTIFICATE": "/certificate.pem"}
    assert letter_notes(read_settings(files)) == []


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"SMTP_HOST": "mail.example.net"}, "need each other"),
        ({"MAIL_FROM": "a@example.net"}, "need each other"),
        ({"SMTP_HOST": "m.example.net", "MAIL_FROM": "a@b@example.net"}, "refused"),
        ({"SMTP_HOST": "m.example.net", "MAIL_FROM": "a@example.net\nBcc: b@c.example"}, "refused"),
        ({"SMTP_USER": "byoip"}, "need each other"),
        (
            {"SMTP_HOST": "m.example.net", "MAIL_FROM": "a@example.net", "SMTP_SECURITY": "none"},
            "loopback only",
        ),
        ({"SMTP_SECURITY": "opportunistic"}, "smtp_security"),
    ],
)
def test_mail_that_could_not_be_sent_safely_is_refused(given: dict[str, str], why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        read_settings({f"BYOIP_{name}": value for name, value in given.items()})
