"""The one place where the net names code of ours: when that moves, only this file changes."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from logging import Formatter
from pathlib import Path
from typing import cast
from unittest.mock import MagicMock
from uuid import UUID, uuid4

import procrastinate
import pydantic
from fastapi import FastAPI
from procrastinate import PsycopgConnector
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import ASGIApp
from typer.core import TyperGroup
from typer.main import get_command

import byoip
import byoip_cli
from byoip.api.application import bare_application, create_application
from byoip.api.problems.failures import failure_headers
from byoip.api.problems.problems import PROBLEMS, SAMPLES
from byoip.cli import commands
from byoip.cli.logs import JsonLines
from byoip.domain.accounts.credential import CUSTOMER_SCOPES, Credential
from byoip.domain.history import Actor, Event, OperatorEvent
from byoip.domain.idempotency import IdempotencyKey
from byoip.domain.prefix import Prefix
from byoip.sandbox.control import create_control
from byoip.sandbox.places import add_place_routes
from byoip.settings.loader import read_settings as _read_settings
from byoip.settings.model import Settings
from byoip.settings.names import SettingsError
from byoip.store.engine import make_engine
from byoip.store.gauges import Gauges
from byoip.store.speakers.leader_election import LeaderElection
from byoip.store.transaction import Store, Transaction
from byoip.worker.schedule import schedule
from byoip.worker.tasks import Work, register
from tests.accounts import Accounts
from tests.api.world import new_account
from tests.fakes.backend import ExternalServices, make_backend
from tests.store.samples import SetClock

SOURCES = (Path(byoip.__file__).parent, Path(byoip_cli.__file__).parent)

# What is looked for in the sources is found by these names, whatever they are.
ACTOR_MAKERS = frozenset({Actor.__name__})  # (actor, request id)
_MAKERS = (Event, OperatorEvent, Transaction.record, Transaction.record_for_operators)
EVENT_MAKERS = frozenset({*(one.__name__ for one in _MAKERS), "moved"})

_TOKEN = "0123456789abcdef0123456789abcdef01234567"
NO_DATABASE = "postgresql://nobody@127.0.0.1:1/none"


class _Undone(Exception):  # noqa: N818 - the end of a transaction that is not carried through
    pass


@dataclass(frozen=True)
class Refused:
    """A refusal as clients see it, without what is written for people."""

    name: str
    code: int
    status: int
    definitive: bool
    pointer: str | None
    headers: Mapping[str, str]


def refusals() -> Iterator[Refused]:
    for kind, problem in PROBLEMS.items():
        sample = SAMPLES[kind]
        yield Refused(
            kind.name,
            problem.code,
            problem.status,
            problem.definitive,
            sample.pointer,
            failure_headers(sample),
        )


def app() -> FastAPI:
    """The API, for its document and its routes; nothing may be asked of it."""
    return bare_application(make_backend(make_engine(NO_DATABASE), SetClock(), ExternalServices()))


def control_app() -> FastAPI:
    """The sandbox's control API, likewise."""
    control = create_control(*(MagicMock() for _ in range(5)))
    add_place_routes(control, MagicMock())
    return control


@asynccontextmanager
async def open_engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = make_engine(database_url)
    try:
        yield engine
    finally:
        await engine.dispose()


@dataclass(frozen=True)
class Served:
    """The API around a database, a customer's account and token, and each gauge's label."""

    app: ASGIApp
    account: str
    token: str
    gauge_labels: Mapping[str, str]


@asynccontextmanager
async def served(database_url: str) -> AsyncIterator[Served]:
    """As `byoip api` serves it, but for the outside parties."""
    async with open_engine(database_url) as engine:
        backend = make_backend(engine, SetClock(), ExternalServices())
        labels = {one.name: one.label for one in await Gauges(engine).read()}
        account_id = await new_account(backend)
        now = backend.clock.now()
        credential = Credential(uuid4(), account_id, "net", frozenset(CUSTOMER_SCOPES), now)
        await Accounts(backend.border.store).add_credential(credential, _TOKEN)
        recorded = create_application(backend)
        yield Served(recorded, account_id.hex, _TOKEN, labels)


def log_formatter() -> Formatter:
    """How a line of the log is written where a machine reads it."""
    return JsonLines()


def settings_model() -> type[pydantic.BaseModel]:
    return Settings


def read_settings(environment: Mapping[str, str]) -> pydantic.BaseModel | None:
    """The settings of an environment; None if it is refused."""
    try:
        return _read_settings(environment)
    except SettingsError:
        return None


def cli() -> TyperGroup:
    return cast("TyperGroup", get_command(commands.app))


def run_cli() -> None:
    """The program, with the arguments in `sys.argv`; it ends in SystemExit."""
    commands.main()


def task_app(*, everything: bool) -> procrastinate.App:
    """The queue of a worker that holds all keys and caches, or none of them."""
    made = procrastinate.App(connector=PsycopgConnector())
    work = MagicMock() if everything else MagicMock(refresh_roas=None, letters=None)
    register(made, cast("Work", work))
    minutes = Settings().rpki_minutes if everything else None
    schedule(made, roas_every_minutes=minutes, letters=everything)
    return made


@asynccontextmanager
async def reconcilers_turn(database_url: str) -> AsyncIterator[None]:
    """The reconciler has its turn, and listens."""
    async with LeaderElection(database_url).hold():
        yield


@asynccontextmanager
async def space_locked(database_url: str, cidrs: Sequence[str]) -> AsyncIterator[None]:
    """A transaction that approves space."""
    async with open_engine(database_url) as engine, Store(engine, SetClock()).transaction() as tx:
        for cidr in cidrs:
            await tx.claims.lock_space(Prefix.parse(cidr))
        yield


@asynccontextmanager
async def key_claimed(database_url: str) -> AsyncIterator[None]:
    """A write with an Idempotency-Key; it is not carried through."""
    once = IdempotencyKey(UUID(int=1), "POST", "/client/v4/x", "key", b"\0" * 32)
    async with open_engine(database_url) as engine:
        with suppress(_Undone):
            async with Store(engine, SetClock()).transaction(once):
                yield
                raise _Undone
