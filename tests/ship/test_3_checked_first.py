"""Ship, 3, in containers: settings are checked in one of their own; what runs goes on."""

import pytest

from tests.ship.site import CHECK, COPIES, Site


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_what_runs_goes_on_when_the_check_fails(site: Site) -> None:
    site.compose("up", "--detach", "--build")
    site.settle()
    running = site.running(*COPIES, "postgres")
    settings = site.folder / "byoip.env"
    good = settings.read_text()
    settings.write_text(f"{good}BYOIP_TOKEN_DAYS=99\n")
    refused = site.try_compose(*CHECK)
    assert refused.returncode == 2
    assert "token_days" in refused.stderr
    settings.write_text(good)
    letters = site.folder / "letters.env"
    letters.write_text("BYOIP_LETTER_KEYS=/etc/byoip/letters/key.pem\n")
    assert "letter_keys" in site.try_compose(*CHECK).stderr
    letters.unlink()

    site.write(password="wrong")
    refused = site.try_compose(*CHECK)
    assert refused.returncode == 1
    assert "password authentication failed" in refused.stderr
    assert site.running(*COPIES, "postgres") == running

    change = "ALTER ROLE byoip PASSWORD 'second0password'"
    site.compose("exec", "-T", "postgres", "psql", "--username", "byoip", "--command", change)
    site.write(password="second0password")
    passed = site.try_compose(*CHECK, "--offline")
    assert passed.returncode == 0, passed.stderr
    site.compose("up", "--detach")
    site.settle()
    assert not site.running() & running
    assert site.byoip("account", "create", "Example Networks")
