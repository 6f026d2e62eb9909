"""`byoip doctor` finds each planted fault, names its fix, and finds nothing else."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from byoip.adapters.system_clock import SystemClock
from byoip.cli.doctor.finding import State
from byoip.domain.checks.delegated_statistics import REGISTRIES
from byoip.store.migrating import migrate
from tests.doctor.healthy import (
    ANCHORS,
    Service,
    listening,
    program_that_says,
    registry,
    resolver,
)
from tests.fakes.rpki import StoppedClock
from tests.mail.servers import mail_server

NEEDED = {
    "settings",
    "database",
    "role",
    "stamp",
    "migrations",
    "clock",
    "statistics",
    "roa_data",
    "trust_anchors",
    "resolver",
    "rpki_client",
    "locator",
    "registry",
    "letter_key",
}


async def test_a_healthy_service_has_nothing_to_mend(healthy: Service) -> None:
    found = await healthy.findings()
    assert [one for one in found if one.state in {State.FAULT, State.UNKNOWN}] == []
    assert {one.check for one in found if one.state is State.OK} == NEEDED
    assert {one.subject for one in found if one.check == "locator"} == set(ANCHORS)


async def test_stumble_16_a_service_that_lacks_everything(
    bare_database_url: str, tmp_path: Path
) -> None:
    migrate(bare_database_url, "production")
    settings = {
        "origin_asns": "64500",
        "resolvers": "127.0.0.1:1",
        "rpki_program": str(tmp_path / "rpki-client"),
        "rpki_tals": tmp_path,
        "registries": [registry(key, 1) for key in sorted(REGISTRIES)],
    }
    found = await Service(tmp_path, bare_database_url, settings).to_mend()
    locators = {f"locator {one}" for one in ANCHORS}
    registries = {f"registry {one}" for one in REGISTRIES}
    assert set(found) == locators | registries | {
        "resolver",
        "rpki_client",
        "statistics",
        "roa_data",
    }
    assert "some want their terms accepted first" in found["locator arin"].fix


async def test_settings_that_a_process_would_refuse(healthy: Service) -> None:
    del healthy.settings["origin_asns"]
    found = await healthy.to_mend()
    assert set(found) == {"settings"}
    assert "BYOIP_ORIGIN_ASNS" in found["settings"].said


async def test_a_database_that_is_away(healthy: Service) -> None:
    healthy.database_url = "postgresql://byoip@127.0.0.1:1/byoip"
    found = await healthy.to_mend()
    assert set(found) == {"database"}
    assert "refused" in found["database"].said


async def test_a_role_that_does_not_own_the_database(healthy: Service) -> None:
    parts = urlsplit(healthy.database_url)
    name = parts.path.removeprefix("/")
    other = sql.Identifier(f"role_of_{name}")
    with psycopg.connect(healthy.database_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'x'").format(other))
        try:
            connection.execute(sql.SQL("GRANT pg_read_all_data TO {}").format(other))
            healthy.database_url = (
                f"postgresql://role_of_{name}:x@{parts.hostname}:{parts.port}/{name}"
            )
            found = await healthy.to_mend()
            assert "role" in found
            assert f'ALTER DATABASE "{name}" OWNER TO "role_of_{name}"' in found["role"].fix
            owner = sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(name), other)
            connection.execute(owner)
            found = await healthy.to_mend()
            assert set(found) == {"role"}
            assert "tables belong to" in found["role"].said
        finally:
            back = sql.SQL("ALTER DATABASE {} OWNER TO CURRENT_USER").format(sql.Identifier(name))
            connection.execute(back)
            connection.execute(sql.SQL("DROP OWNED BY {}").format(other))
            connection.execute(sql.SQL("DROP ROLE {}").format(other))


async def test_a_database_of_a_sandbox(healthy: Service) -> None:
    with psycopg.connect(healthy.database_url) as connection:
        connection.execute("ALTER TABLE deployment DISABLE TRIGGER USER")
        connection.execute("UPDATE deployment SET mode = 'sandbox'")
    found = await healthy.to_mend()
    assert set(found) == {"stamp"}
    assert "sandbox" in found["stamp"].said


@pytest.mark.parametrize(
    ("revision", "fix"), [("0001", "byoip migrate"), ("9999", "A newer byoip was at work")]
)
async def test_a_database_of_another_version(healthy: Service, revision: str, fix: str) -> None:
    with psycopg.connect(healthy.database_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = %s", [revision])
    found = await healthy.to_mend()
    assert set(found) == {"migrations"}
    assert fix in found["migrations"].fix


async def test_a_resolver_that_does_not_validate(healthy: Service) -> None:
    async with resolver(validates=False) as forwarder:
        healthy.settings["resolvers"] = forwarder
        found = await healthy.to_mend()
    assert set(found) == {"resolver"}
    assert "does not validate DNSSEC" in found["resolver"].said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read"),
        ("", "names no https or rsync address"),
        ("https://rpki.example.net/ta.cer\n\nbm8ga2V5\n", "holds no public key"),
    ],
)
async def test_a_locator_that_is_missing_or_odd(
    healthy: Service, text: str | None, said: str
) -> None:
    plant(healthy.settings["rpki_tals"] / "arin.tal", text)
    found = await healthy.to_mend()
    assert said in found.pop("locator arin").said
    assert found == {}


def plant(file: Path, text: str | None) -> None:
    if text is None:
        file.unlink()
    else:
        file.write_text(text)


async def test_an_rpki_client_that_is_too_old(healthy: Service) -> None:
    program_that_says(healthy.directory, "rpki-client-portable 8.2")
    found = await healthy.to_mend()
    assert set(found) == {"rpki_client"}
    assert "version 9 or newer is needed" in found["rpki_client"].said


async def test_a_registry_that_cannot_be_reached(healthy: Service) -> None:
    healthy.settings["registries"] = [
        one | {"port": 1} if one["key"] == "lacnic" else one
        for one in healthy.settings["registries"]
    ]
    found = await healthy.to_mend()
    assert set(found) == {"registry lacnic"}
    assert "127.0.0.1:1" in found["registry lacnic"].said


@pytest.mark.parametrize("hangs_up", [True, False])
async def test_a_registry_whose_rest_service_speaks_no_tls(
    healthy: Service, *, hangs_up: bool
) -> None:
    async with listening(said=b"" if hangs_up else b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        rest = f"https://127.0.0.1:{port}"
        healthy.settings["registries"] = [
            one | {"rest_url": rest} if one["key"] == "ripencc" else one
            for one in healthy.settings["registries"]
        ]
        found = await healthy.to_mend()
    assert set(found) == {"registry ripencc"}
    assert found["registry ripencc"].said.startswith(f"127.0.0.1:{port}: the connection failed")


async def test_statistics_that_are_old(healthy: Service) -> None:
    with psycopg.connect(healthy.database_url) as connection:
        connection.execute(
            "UPDATE registration_snapshots SET attempted_at = now() - interval '49 hours' "
            "WHERE registry = 'apnic'"
        )
    found = await healthy.to_mend()
    assert set(found) == {"statistics"}
    assert "the statistics of apnic are older than 2 days" in found["statistics"].said


@pytest.mark.parametrize(("minutes", "said"), [(-10, "behind"), (10, "ahead of")])
async def test_a_clock_that_is_wrong(healthy: Service, minutes: int, said: str) -> None:
    clock = StoppedClock(SystemClock().now() + timedelta(minutes=minutes))
    found = await healthy.to_mend(clock)
    assert set(found) == {"clock"}
    assert said in found["clock"].said


async def test_a_key_of_letters_that_cannot_be_used(healthy: Service) -> None:
    healthy.settings["letter_key"].write_text("no key")
    found = await healthy.to_mend()
    assert set(found) == {"letter_key"}
    assert "cannot be used" in found["letter_key"].said


async def test_a_key_of_webhooks_that_cannot_be_used(healthy: Service, tmp_path: Path) -> None:
    healthy.settings["webhook_key"] = tmp_path / "webhook-key"
    (tmp_path / "webhook-key").write_text("c2hvcnQ=")
    found = await healthy.to_mend()
    assert set(found) == {"webhook_key"}
    assert "32 are needed" in found["webhook_key"].said


async def test_a_speaker_and_a_listener_that_are_away(healthy: Service) -> None:
    healthy.settings["speakers"] = [{"name": "ams1", "address": "127.0.0.1:1"}]
    healthy.settings["listeners"] = [{"name": "rr1", "socket": healthy.directory / "bird.ctl"}]
    assert set(await healthy.to_mend()) == {"speaker ams1", "listener rr1"}


async def test_a_mail_server_that_is_away_or_gives_no_tls(healthy: Service) -> None:
    healthy.settings |= {"smtp_host": "127.0.0.1", "mail_from": "byoip@example.net"}
    async with mail_server() as server:
        healthy.settings |= {"smtp_port": server.port}
        assert set(found := await healthy.to_mend()) == {"smtp"}
        assert "STARTTLS" in found["smtp"].said
        healthy.settings |= {"smtp_security": "none"}
        assert await healthy.to_mend() == {}
        assert server.got == []
    healthy.settings |= {"smtp_port": 1}
    assert set(found := await healthy.to_mend()) == {"smtp"}
    assert "refused" in found["smtp"].said


async def test_a_password_of_the_mail_server_that_cannot_be_read(
    healthy: Service, tmp_path: Path
) -> None:
    healthy.settings |= {"smtp_host": "127.0.0.1", "mail_from": "byoip@example.net"}
    healthy.settings |= {"smtp_user": "byoip", "smtp_password": tmp_path / "none"}
    assert set(found := await healthy.to_mend()) == {"smtp"}
    assert "No such file" in found["smtp"].said
