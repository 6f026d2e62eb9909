"""`byoip operator` against a running API over loopback."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner, Result

from byoip.api.application import create_application
from byoip.api.border.backend import Backend
from byoip.cli.commands import app
from byoip.cli.serving import bind, port_of, serving
from byoip.domain.accounts.account import Account
from byoip.domain.accounts.credential import Credential, Scope
from byoip.domain.history import Actor
from byoip.domain.prefix import Prefix
from byoip.settings.loader import read_settings
from byoip.settings.names import SettingsError
from byoip.store.bindings.services import seed_services
from byoip.store.engine import make_engine
from byoip.store.speakers.records import SpeakerState
from byoip.store.speakers.routes import Routes
from byoip.usecases.bindings import bindings, edges
from byoip.usecases.claims import prefixes
from byoip_cli.faults import CommandFailed, Unusable
from tests.accounts import Accounts
from tests.announcing import Fleet, path
from tests.fakes.backend import ExternalServices, make_backend
from tests.store.samples import SetClock
from tests.usecases.verbs import Verb

WHY = ["--reason", "a ticket"]
_ID = re.compile(r"\b[0-9a-f]{32}\b")


@dataclass
class Shell:
    """A shell of the operator's, and the service it works on."""

    backend: Backend
    engine: AsyncEngine
    account_id: UUID
    environment: dict[str, str]

    async def run(self, *arguments: str) -> Result:
        # In a thread: the API answers from this loop.
        return await asyncio.to_thread(
            CliRunner().invoke, app, ["operator", *arguments], env=self.environment
        )

    async def says(self, *arguments: str) -> str:
        result = await self.run(*arguments)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.output

    async def refused(self, *arguments: str) -> str:
        result = await self.run(*arguments)
        assert isinstance(result.exception, CommandFailed), result.output
        return str(result.exception)

    async def claim(self, cidr: str) -> str:
        submit = Verb(self.backend.border.store, prefixes.submit)
        view = await submit(
            self.account_id,
            terms=self.backend.terms,
            cidr=cidr,
            asn=64500,
            description="",
            delegate_loa_creation=False,
            by=Actor("test", "1"),
        )
        return view.claim.id.hex


@pytest.fixture
async def shell(database_url: str) -> AsyncIterator[Shell]:
    engine = make_engine(database_url)
    await seed_services(engine, [("CDN", False)])
    backend = make_backend(engine, SetClock(), ExternalServices())
    now, token = datetime.now(UTC), token_hex(20)
    account = Account(uuid4(), "[bold]Example", 1000, now)
    await (accounts := Accounts(backend.border.store)).create(account)
    operator = Credential(uuid4(), None, "ops", frozenset({Scope.OPERATOR}), now)
    await accounts.add_credential(operator, token)
    listening = bind("127.0.0.1", 0)
    async with serving(create_application(backend), listening):
        url = f"http://127.0.0.1:{port_of(listening)}"
        environment = {"BYOIP_URL": url, "BYOIP_OPERATOR_TOKEN": token}
        yield Shell(backend, engine, account.id, environment)
    await engine.dispose()


def first_id(output: str) -> str:
    found = _ID.search(output)
    assert found, output
    return found[0]


async def test_accounts_and_tokens(shell: Shell) -> None:
    made = first_id(await shell.says("accounts", "create", "Other", *WHY, "--quota", "7"))
    await shell.says("accounts", "update", made, *WHY, "--quota", "8")
    listed = await shell.says("accounts", "list")
    assert "[bold]Example" in listed, "names of customers are text, not markup"
    assert "Other" in listed
    token = (await shell.says("tokens", "create", "ci", *WHY, "--account", made)).strip()
    assert token.startswith("byoip_")
    known = await shell.backend.credentials.recognise(token)
    assert known is not None
    assert known.account_id == UUID(made)
    assert "ci" in await shell.says("tokens", "list", "--account", made)
    await shell.says("tokens", "revoke", known.id.hex, *WHY)
    assert await shell.backend.credentials.recognise(token) is None
    history = await shell.says("history")
    assert "credential.revoked" in history
    assert token not in history


async def test_services(shell: Shell) -> None:
    made = first_id(await shell.says("services", "create", "Scrubbing", *WHY, "--default-only"))
    await shell.says("services", "update", made, *WHY, "--any-part")
    assert "Scrubbing" in await shell.says("services", "list")
    await shell.says("services", "retire", made, *WHY)
    assert "Scrubbing" not in await shell.says("services", "list")
    assert "There is no such service. (service_not_offered)" in await shell.refused(
        "services", "retire", made, *WHY
    )


async def test_breakers_and_jobs(shell: Shell) -> None:
    assert "per_account: 50" in await shell.says("breaker", "show")
    assert "trip_not_found" in await shell.refused(
        "breaker", "rearm", "0" * 32, *WHY, "--parked", "released"
    )
    await shell.says("jobs", "stop", "roll_back", *WHY)
    assert "roll_back" in await shell.says("jobs", "list")
    await shell.says("jobs", "start", "roll_back", *WHY)
    assert "job_not_refused" in await shell.refused("jobs", "allow", "offboard", *WHY)
    made = await shell.claim("31.2.0.0/23")
    assert "grace_not_begun" in await shell.refused("prefixes", "end-grace", made, *WHY)
    assert made in await shell.says("prefixes", "restore", made, *WHY)


async def test_edges_are_drained_taken_back_and_removed(shell: Shell) -> None:
    assert "joining" in await shell.says("edges", "add", "fra1", *WHY)
    feed = await shell.backend.edges.feed_name()
    acknowledge = Verb(shell.backend.border.store, edges.acknowledge)
    await acknowledge(edge="fra1", feed=feed, number=0, by=Actor("test", "1"))
    assert "serving" in await shell.says("edges", "list")
    assert "drained" in await shell.says("edges", "drain", "fra1", *WHY)
    assert "serving" in await shell.says("edges", "undrain", "fra1", *WHY)
    await shell.says("edges", "remove", "fra1", *WHY)
    assert "fra1" not in await shell.says("edges", "list")
    assert "a ticket" in await shell.says("history")
    assert "(edge_not_found)" in await shell.refused("edges", "remove", "ams1", *WHY)


async def test_prefixes_and_addresses(shell: Shell) -> None:
    made = await shell.claim("31.0.0.0/23")
    assert made in await shell.says("prefixes", "list", "--pending", "--standing", "ok")
    assert made not in await shell.says("prefixes", "list", "--approved")
    shown = {"approve": "operator", "suspend": "suspended", "resume": "ok", "revoke": "pending"}
    for action, word in shown.items():
        assert word in await shell.says("prefixes", action, made, *WHY)
    assert "(not_in_this_state)" in await shell.refused("prefixes", "settle", made, *WHY)
    assert "31.0.0.0/23" in await shell.says("prefixes", "show", made)
    assert "a ticket" in await shell.says("prefixes", "history", made)
    assert made in await shell.says("address", "31.0.1.9")
    assert "(invalid_address)" in await shell.refused("address", "31.0.1")


async def test_routes_are_listed_locked_and_unlocked(shell: Shell) -> None:
    made = await shell.claim("31.4.0.0/23")
    await shell.says("prefixes", "approve", made, *WHY)
    service = next(iter(await shell.backend.reader.services()))
    await Verb(shell.backend.border.store, bindings.bind)(
        shell.account_id,
        UUID(made),
        cidr="31.4.0.0/23",
        service_id=service.id,
        by=Actor("test", "1"),
    )
    route = first_id(await shell.says("prefixes", "routes", made))
    assert "on_demand_locked: yes" in await shell.says("prefixes", "lock-route", made, route, *WHY)
    assert "bgp_prefix.locked" in await shell.says("prefixes", "history", made)
    unlocked = await shell.says("prefixes", "unlock-route", made, route, *WHY)
    assert "on_demand_locked: no" in unlocked
    assert "(bgp_prefix_not_found)" in await shell.refused(
        "prefixes", "lock-route", made, made, *WHY
    )


async def test_reservations_overrides_and_snapshots(shell: Shell) -> None:
    account = shell.account_id.hex
    reserve = ("reservations", "create", "32.0.0.0/24", *WHY, "--account", account)
    made = first_id(await shell.says(*reserve))
    assert made in await shell.says("reservations", "list")
    await shell.says("reservations", "release", made, *WHY)
    put = first_id(await shell.says("overrides", "put", "33.0.0.0/8", "ripencc", *WHY))
    assert put in await shell.says("overrides", "list")
    await shell.says("overrides", "remove", put, *WHY)
    assert put not in await shell.says("overrides", "list")
    assert "objections" in await shell.says("snapshots", "list")
    assert "serial" in await shell.says("snapshots", "registrations")
    assert "(letter_not_found)" in await shell.refused("letters", "revoke", made, *WHY)
    assert "(snapshot_not_found)" in await shell.refused("snapshots", "accept", "1", *WHY)


async def test_routes(shell: Shell) -> None:
    routes, prefix, clock = Routes(shell.engine), Prefix.parse("35.0.0.0/24"), SetClock()
    long_ago = clock.now() - timedelta(minutes=6)
    for name in ("ams1", "[bold]"):
        await routes.note_speaker(SpeakerState(name, 1, "refused", 0, long_ago, loaded=False))
    await routes.note_listeners({"rr1": True}, long_ago)
    await routes.note_orphans("ams1", {prefix: path(prefix)}, clock.now())
    shown = await shell.says("routes", "show")
    assert all(one in shown for one in ("ams1", "[bold]", "rr1", "refused", "desired"))
    assert "35.0.0.0/24" in await shell.says("routes", "orphans")
    withdraw = ("routes", "withdraw-orphan", "35.0.0.0/24", *WHY, "--speaker")
    assert "a ticket" in await shell.says(*withdraw, "ams1")
    assert "(orphan_not_found)" in await shell.refused(*withdraw, "ams2")
    every = ("routes", "withdraw-orphans", "--speaker", "ams1", "--count", *("1", *WHY))
    assert "(orphan_not_found)" in await shell.refused(*every), "it is decided"
    assert "number" in await shell.says("routes", "snapshots")
    rollback = ("routes", "rollback", "7", *WHY)
    assert "(route_snapshot_not_found)" in await shell.refused(*rollback, "--dry-run")
    await Fleet(shell.engine).do("INSERT INTO route_snapshots VALUES (7, now(), '[]')")
    assert "announced" in await shell.says(*rollback)
    assert "routes.rolled_back" in await shell.says("history")
    assert "ams1" in await shell.says("speakers", "open", "ams1", *WHY)
    assert "(speaker_not_found)" in await shell.refused("speakers", "open", "ams9", *WHY)
    assert "let go" in await shell.says("routes", "forget-speaker", "ams1", *WHY)
    assert "(speaker_not_found)" in await shell.refused("routes", "forget-speaker", "ams1", *WHY)
    assert "rr1" in await shell.says("routes", "forget-listener", "rr1", *WHY)
    forget = ("routes", "forget-listener", "configured", *WHY)
    assert "(listener_in_service)" in await shell.refused(*forget)
    assert "ams1" not in await shell.says("routes", "show")
    assert "speaker.forgotten" in await shell.says("history")


async def test_long_lists_are_read_to_their_end(shell: Shell) -> None:
    for number in range(201):
        await shell.claim(f"34.{number}.0.0/24")
    listed = await shell.says("prefixes", "list")
    assert len(re.findall(r"34\.\d+\.0\.0/24", listed)) == 201


async def test_a_write_without_a_reason_does_not_start(shell: Shell) -> None:
    assert (await shell.run("accounts", "create", "Other")).exit_code == 2
    assert "/reason" in await shell.refused("accounts", "create", "Other", "--reason", " ")


async def test_without_a_token_nothing_is_asked(shell: Shell) -> None:
    shell.environment["BYOIP_OPERATOR_TOKEN"] = ""
    result = await shell.run("accounts", "list")
    assert isinstance(result.exception, Unusable)
    assert "BYOIP_OPERATOR_TOKEN" in str(result.exception)


async def test_a_customers_token_is_told_so(shell: Shell) -> None:
    shell.environment["BYOIP_OPERATOR_TOKEN"] = "byoip_unknown"
    assert "(not_authenticated)" in await shell.refused("accounts", "list")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nonsense", "http://[::1"])
async def test_a_service_that_is_not_there_is_one_sentence(shell: Shell, url: str) -> None:
    shell.environment["BYOIP_URL"] = url
    told = await shell.refused("accounts", "list")
    assert url in told
    assert "BYOIP_URL" in told


def test_what_is_refused_is_said_in_red_without_a_trace() -> None:
    command = [sys.executable, "-c", "from byoip.cli.commands import main; main()"]
    environment = os.environ | {"BYOIP_URL": "http://127.0.0.1:1", "BYOIP_OPERATOR_TOKEN": "x"}
    done = subprocess.run(
        [*command, "operator", "accounts", "list"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 6
    assert "127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_clients_variables_are_no_settings_of_the_service() -> None:
    known = {"BYOIP_URL": "http://127.0.0.1:1", "BYOIP_OPERATOR_TOKEN": "x"}
    assert read_settings(known) == read_settings({})
    with pytest.raises(SettingsError):
        read_settings({"BYOIP_OPERATOR": "x"})
