"""The great outage replayed, with each guard alone between the job and 4,306 advertised prefixes.

A clean-up job asked for `?pending_delete` without a value, got everything, took every row for
queued, and deleted bindings and routes. Here it does the same, and gets past all guards but one.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial

import httpx
import psycopg
import pytest

from byoip.api.application import create_application
from byoip.domain.prefix import Prefix
from byoip.domain.routes.breaker import Ceilings, Source
from byoip.store.bindings.services import seed_services
from tests import announcing
from tests.announcing import listener, looks, path, reconciling, speaker
from tests.fakes.backend import ExternalServices, make_backend
from tests.fakes.speaker import FakeSpeaker
from tests.many_routes import OwnedRoute
from tests.rules.accident import ACCOUNTS, FLEET, NO_CEILING, Accident, clean_up

CEILINGS = Ceilings()
NO_TRIGGERS = "SET session_replication_role = replica"  # nor foreign keys; checks stay


@pytest.fixture
async def http(accident: Accident) -> AsyncIterator[httpx.AsyncClient]:
    await seed_services(accident.engine, [("CDN", False)])
    app = create_application(make_backend(accident.engine, accident.clock, ExternalServices()))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://byoip.test"
    ) as client:
        yield client


def as_owner(route: OwnedRoute) -> dict[str, str]:
    return {"authorization": f"Bearer {route.owner.token}"}


def addressing(route: OwnedRoute) -> str:
    return route.path.partition("/prefixes/")[0]


# 1. The question: present but empty, misspelt or unknown parameters are refused.


@pytest.mark.parametrize(
    "query", ["pending_delete", "pending_delete=", "pending_delete=true", "pendng_delete=true"]
)
async def test_the_jobs_question_is_refused_and_lists_nothing(
    accident: Accident, http: httpx.AsyncClient, query: str
) -> None:
    listed: list[object] = []
    for route in accident.routes[:ACCOUNTS]:  # one of each account
        answer = await http.get(f"{addressing(route)}/prefixes?{query}", headers=as_owner(route))
        assert answer.status_code == 422
        listed += answer.json()["result"] or []
    assert listed == []
    assert await accident.unharmed()


# 2. The list: jobs have queries of their own, in which nothing can be left out.


async def test_what_jobs_are_given_to_do_names_none_of_them(accident: Accident) -> None:
    accident.clock.advance(timedelta(days=400))
    now = accident.clock.now()
    async with accident.store.transaction() as tx:
        assert list(await tx.claims.unproven(now, 10_000)) == []
        assert list(await tx.claims.not_told(now, 10_000)) == []  # without which none is closed
        assert list(await tx.delegations.over(now, 10_000)) == []
        assert list(await tx.offboardings.due(now, 10_000)) == []
        assert list(await tx.offboardings.owed(10_000)) == []


# 3. The customer's way: a list of everything, and a DELETE of each.


async def test_over_http_nothing_that_is_advertised_is_deleted(
    accident: Accident, http: httpx.AsyncClient
) -> None:
    for route in accident.of_one_account:
        prefix = f"{addressing(route)}/prefixes/{route.claim_id.hex}"
        for resource in (f"{prefix}/bindings/{route.binding_id.hex}", route.path, prefix):
            answer = await http.delete(resource, headers=as_owner(route))
            (error,) = answer.json()["errors"]
            assert (answer.status_code, error["name"]) in {
                (409, "withdraw_first"),
                (409, "default_binding_in_use"),
            }
    assert await accident.unharmed()


# 4. The tables: what the job would do in SQL, with no code of ours around it.

_STATEMENTS = {
    "bindings are deleted": "DELETE FROM bindings",
    "bindings end": "UPDATE bindings SET removed_at = now()",
    "bindings are emptied": "TRUNCATE bindings CASCADE",
    "prefixes are deleted": "DELETE FROM prefixes",
    "prefixes are closed": "UPDATE prefixes SET state = 'closed', closed_at = now(),"
    " approved_at = NULL, approved_by = NULL",
    "routes are deleted": "DELETE FROM bgp_prefixes",
    "routes are emptied": "TRUNCATE bgp_prefixes CASCADE",
    "routes end": "UPDATE bgp_prefixes SET removed_at = now()",
    "routes are switched off": "UPDATE bgp_prefixes SET advertised = false",
    "and unbound": "UPDATE bgp_prefixes SET advertised = false, binding_id = NULL",
    "and counted": "UPDATE bgp_prefixes SET advertised = false, binding_id = NULL,"
    " change = change + 1",
    "as if never announced": "UPDATE bgp_prefixes SET advertised = false, binding_id = NULL,"
    " change = change + 1, advertised_modified_at = NULL",
    "with an entry that there is not": "UPDATE bgp_prefixes SET advertised = false,"
    " binding_id = NULL, change = change + 1, withdrawal_id = gen_random_uuid()",
    "with an entry that no owner asked for": "INSERT INTO withdrawals (id, bgp_prefix_id,"
    " account_id, change, source, job, run, actor, request_id, at) SELECT gen_random_uuid(),"
    " r.id, p.account_id, r.change + 1, 'job', 'clean_up', '1', 'worker', '', now()"
    " FROM bgp_prefixes r JOIN prefixes p ON p.id = r.prefix_id",
    "prefixes are sent on their way out": "UPDATE prefixes SET standing = 'offboarding'",
    "accounts are deleted": "DELETE FROM accounts",
}


@pytest.mark.parametrize("statement", _STATEMENTS.values(), ids=_STATEMENTS.keys())
async def test_the_database_refuses(accident: Accident, statement: str) -> None:
    with pytest.raises((psycopg.errors.IntegrityError, psycopg.errors.RaiseException)):
        accident.sql(statement)
    assert await accident.unharmed()


async def test_one_request_is_good_for_one_change_of_one_route(accident: Accident) -> None:
    """The ledger's entry of a single withdrawal does not take down the others."""
    await accident.take_down(accident.routes[0])
    with pytest.raises(psycopg.errors.IntegrityError):
        accident.sql(
            "UPDATE bgp_prefixes SET advertised = false, binding_id = NULL, change = change + 1,"
            " withdrawal_id = (SELECT id FROM withdrawals) WHERE advertised"
        )
    assert await accident.up() == FLEET - 1


async def test_a_withdrawal_that_names_no_request_is_not_kept(accident: Accident) -> None:
    accident = Accident(accident.engine, accident.url, accident.routes, NO_CEILING)
    assert await clean_up(accident.routes[:100], partial(accident.take_down, request_id="")) == 0
    assert await accident.unharmed()


# 5. The breaker: the only guard that has to let something through. This is how much.


async def one_run(accident: Accident) -> int:
    """A job that says what run it is."""
    return await clean_up(accident.routes[:1000], accident.take_down)


async def a_run_for_each_row(accident: Accident) -> int:
    """The same, begun again for each row: no run is ever long."""

    async def act(route: OwnedRoute) -> int:
        return await accident.take_down(route, run=route.claim_id.hex)

    return await clean_up(accident.routes[:1000], act)


async def one_customers_token(accident: Accident) -> int:
    """A script with the token of an account, as if its owner asked."""
    act = partial(accident.take_down, source=Source.REQUEST, run="")
    return await clean_up(accident.of_one_account, act)


@pytest.mark.parametrize(
    ("attempt", "most"),
    [
        (one_run, CEILINGS.per_run),
        (a_run_for_each_row, CEILINGS.per_minute),
        (one_customers_token, CEILINGS.per_account),
    ],
)
async def test_the_breaker_alone_lets_a_handful_through(
    accident: Accident, attempt: Callable[[Accident], Awaitable[int]], most: int
) -> None:
    assert await attempt(accident) == most
    assert await accident.up() == FLEET - most
    # All other accounts can still withdraw one route, and all can still announce.
    stranger = accident.routes[-1]
    assert stranger.owner != accident.routes[0].owner
    await accident.take_down(stranger, source=Source.REQUEST, run="")
    assert await accident.up() == FLEET - most - 1


async def test_the_breaker_lets_a_twentieth_go_in_an_hour_however_slowly(
    accident: Accident,
) -> None:
    minutes = 0

    async def act(route: OwnedRoute) -> int:
        nonlocal minutes
        if minutes % 50 == 49:  # the next minute
            accident.sql(_A_MINUTE_LATER)
        minutes += 1
        return await accident.take_down(route, run=route.claim_id.hex)

    share = CEILINGS.shared(FLEET, 0)
    assert await clean_up(accident.routes[: share + 200], act) == share == 216
    assert await accident.up() == FLEET - share


# The ledger is only ever added to: here alone time is made to pass.
_A_MINUTE_LATER = (
    "SET session_replication_role = replica; UPDATE withdrawals SET at = at - interval '61 seconds'"
)


# 6. The reconciler: rows that vanish, or turn by themselves, take no route along.


def all_up(accident: Accident) -> FakeSpeaker:
    """A speaker that announces all of them, as the database knows."""
    one = speaker("one")
    one.put(*(path(Prefix.parse(route.cidr)) for route in accident.routes))
    accident.sql(
        "INSERT INTO applied_routes (speaker, bgp_prefix_id, may_hold, advertised, change, at)"
        " SELECT 'one', id, true, true, change, now() FROM bgp_prefixes"
    )
    return one


_VANISHED = (
    "DELETE FROM applied_routes",
    "DELETE FROM bgp_prefixes",
    "DELETE FROM bindings",
    "DELETE FROM prefixes",
)
_BY_THEMSELVES = (
    "UPDATE bgp_prefixes SET advertised = false, binding_id = NULL, change = change + 1,"
    " withdrawal_id = gen_random_uuid(), request_id = 'clean-up'"
)


@pytest.mark.parametrize(
    "damage",
    [_VANISHED, [_BY_THEMSELVES]],
    ids=["the rows vanish", "the rows turn, with entries that are not in the ledger"],
)
async def test_what_happens_to_rows_alone_withdraws_nothing(
    accident: Accident, damage: Sequence[str]
) -> None:
    one = all_up(accident)
    ear = listener(one)
    accident.sql(NO_TRIGGERS, *damage)
    fleet = announcing.Fleet(accident.engine)
    async with reconciling(fleet, one, listeners=[ear]):
        await looks(one)
    assert one.calls("withdraw") == 0
    assert len(one.paths) == FLEET
    assert ear.withdrawals() == []
    orphans = await fleet.ask("SELECT count(*) FROM orphan_routes")
    assert orphans == [(FLEET if len(damage) > 1 else 0,)]
