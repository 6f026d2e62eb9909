"""`byoip config check` prints settings as a file that would set them."""

import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from byoip.cli.commands import app
from byoip.settings.loader import read_settings
from byoip.settings.toml import settings_toml

SAMPLES = {
    "defaults": "",
    "scalars": """
operator_name = "A \\"quoted\\" n\u00e4me, with \\\\ and \\u007f"
origin_asns = ["AS64500", 64501]
infrastructure = ["192.0.2.0/24", "2001:db8::/32"]
ipv4_lengths = "20-24"
public_url = "https://byoip.example.net"
letter_key = "/k.pem"
letter_certificate = "/c.pem"
breaker_share = 0.5
reconcile = false
""",
    "tables": """
services = [{ name = "CDN", default_only = true }]
registry_overrides = [{ prefix = "192.0.2.0/24", registry = "own" }]
listeners = [{ name = "b", kind = "bird", socket = "/run/bird.ctl" }]
statistics_urls = { arin = "https://statistics.example/arin" }
national_registries = { JP = "own" }
[[registries]]
key = "own"
source = "OWN"
host = "whois.example"
dialect = "ripe"
budget = { connections = 1, per_minute = 2, per_day = 3 }
[[speakers]]
name = "one"
address = "127.0.0.1:50051"
next_hop6 = "2001:db8::1"
communities = ["64500:1"]
prepend_communities = ["64500:2", "64500:3", "64500:4"]
[[speakers]]
name = "two"
address = "unix:///run/gobgp.sock"
""",
}


@pytest.mark.parametrize("text", SAMPLES.values(), ids=SAMPLES)
def test_what_is_printed_sets_the_same(tmp_path: Path, text: str) -> None:
    given, printed = tmp_path / "given.toml", tmp_path / "printed.toml"
    given.write_text(text)
    settings = read_settings({"BYOIP_CONFIG": str(given)})
    printed.write_text(settings_toml(settings))
    assert read_settings({"BYOIP_CONFIG": str(printed)}) == settings


def test_no_password_is_printed() -> None:
    urls = {"database_url": "postgresql://u:hush@h/d", "rpki_feed_url": "https://u:hush@h/f"}
    said = settings_toml(read_settings({}, **urls))
    assert "hush" not in said
    assert "# database_url is set\n" in said
    assert "# rpki_feed_url is set\n" in said


def test_all_that_config_check_prints_offline_is_a_file() -> None:
    known = {"BYOIP_SPEAKERS": "127.0.0.1:50051", "BYOIP_ORIGIN_ASNS": "64500"}
    done = CliRunner().invoke(app, ["config", "check", "--offline"], env=known)
    assert done.exit_code == 0
    told = tomllib.loads(done.stdout)
    assert told["origin_asns"] == [64500]
    assert [one["address"] for one in told["speakers"]] == ["127.0.0.1:50051"]
