"""`byoip init`: what it writes is read by the settings, commented lines too; none is replaced."""

import re
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from byoip.cli.commands import app
from byoip.settings.loader import read_settings
from byoip.settings.model import Settings

# Those whose commented value is an example, or needs a file that is not there.
_EXAMPLES = {
    *("operator_contact", "infrastructure", "database_url", "public_url", "rpki_feed_url"),
    *("letter_key", "letter_certificate", "webhook_key", "speakers"),
    *("smtp_host", "smtp_user", "smtp_password", "mail_from"),
    *("oidc_issuer", "oidc_client_id", "oidc_client_secret", "oidc_groups"),
}


def init(*words: str) -> Result:
    return CliRunner().invoke(app, ["init", *words])


def test_the_file_is_read_as_it_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "byoip.toml"
    done = init(
        str(path), "--name", 'A "B" \u00e9', "--origin-asn", "64500", "--origin-asn", "64501"
    )
    assert done.exit_code == 0, done.exception
    assert f"BYOIP_CONFIG={path} byoip config check" in done.output
    settings = read_settings({"BYOIP_CONFIG": str(path)})
    assert settings.operator_name == 'A "B" \u00e9'
    assert settings.origin_asns == (64500, 64501)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["The \U0001f980 of\tthe net", "one\x7f", "half\udcff"])
def test_whatever_the_name_the_file_is_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / "byoip.toml"
    init(str(path), "--name", name)
    assert tomllib.loads(path.read_text())["operator_name"] == name.replace("\udcff", "?")


def test_what_is_commented_out_is_a_setting_with_its_default_or_an_example(
    tmp_path: Path,
) -> None:
    path = tmp_path / "byoip.toml"
    init(str(path))
    bare = re.sub(r"^# (?=\[\[|[a-z0-9_]+ = )", "", path.read_text(), flags=re.MULTILINE)
    given = tomllib.loads(bare)
    settings, default = Settings.model_validate(given), Settings()
    assert len(given) > 20
    for name in set(given) - _EXAMPLES:
        assert getattr(settings, name) == getattr(default, name), name


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "byoip.toml"
    path.write_text("mine")
    refused = init(str(path))
    assert "was left as it is" in str(refused.exception)
    assert path.read_text() == "mine"


@pytest.mark.parametrize("name", ["BYOIP_TOKEN", "BYOIP_ACCOUNT", "BYOIP_URL"])
def test_what_customers_commands_read_is_no_setting(name: str) -> None:
    assert read_settings({name: "x"}) == Settings()
