"""The settings of speakers over HTTP: look at the plan, apply a proposal, take it back."""

from dataclasses import replace
from ipaddress import IPv4Address
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.asn import AS0
from byoip.domain.routes.route import PathAttributes
from byoip.domain.speakers.revision import Entries, SpeakerEntry, digest
from byoip.store.speakers.routes import Routes
from tests.announcing import Fleet
from tests.api.operators import WHY, Operator
from tests.revising import enforce

PATH = "/routes/speaker-settings"
KNOWN = SpeakerEntry("ams1", "127.0.0.1:50051", 1, PathAttributes(AS0, IPv4Address("192.0.2.1")))
CHANGED = replace(KNOWN, attributes=PathAttributes(AS0, IPv4Address("192.0.2.9")))
WANTED = digest([CHANGED])


@pytest.fixture
def engine(own_engine: AsyncEngine) -> AsyncEngine:
    """One for each test here: settings of speakers are the same for all accounts."""
    return own_engine


async def proposed(engine: AsyncEngine, entries: Entries) -> None:
    revisions = Routes(engine).revisions
    await revisions.adopt("worker:1", (KNOWN,))
    await revisions.propose(uuid4(), "worker:2", entries)


async def test_without_a_worker_there_is_nothing_to_apply(operator: Operator) -> None:
    found = await operator.result("GET", PATH)
    assert (found["revision"], found["proposals"]) == (None, [])
    order = {"proposal": "x", "revision": 1}
    assert await operator.refusal(f"{PATH}/apply", **order) == (404, "speaker_proposal_not_found")
    assert await operator.refusal(f"{PATH}/take-back") == (409, "speaker_revision_rests")


async def test_a_plan_is_applied_and_taken_back(operator: Operator, engine: AsyncEngine) -> None:
    await Fleet(engine).add("31.0.0.0/24", "31.0.1.0/24", advertised=True)
    await proposed(engine, (CHANGED,))
    plan = await operator.result("GET", PATH)
    assert (plan["revision"], plan["in_doubt"], plan["travelling"]) == (1, False, None)
    assert plan["proposals"] == [
        {
            "proposal": WANTED,
            "processes": ["worker:2"],
            "changes": [
                {
                    "stage": 1,
                    "speaker": "ams1",
                    "what": "changed",
                    "differs": ["next_hop4: 192.0.2.1 -> 192.0.2.9"],
                    "rewrites": 2,
                }
            ],
        }
    ]
    moved = {"proposal": WANTED, "revision": 7}
    assert await operator.refusal(f"{PATH}/apply", **moved) == (409, "speaker_revision_moved")
    same = {"proposal": digest([KNOWN]), "revision": 1}
    assert await operator.refusal(f"{PATH}/apply", **same) == (409, "speaker_revision_unchanged")
    order = {"proposal": WANTED, "revision": 1}
    made = await operator.act(f"{PATH}/apply", **order)
    assert (made["revision"], made["travelling"], made["stage"]) == (1, 2, None)
    event = await operator.last_event()
    assert (event["kind"], event["after"]["revision"]) == ("speaker_settings.applied", 2)
    assert await operator.refusal(f"{PATH}/apply", **order) == (409, "speaker_revision_travels")
    assert (await operator.result("GET", PATH))["proposals"] == []
    back = await operator.act(f"{PATH}/take-back")
    assert (back["revision"], back["travelling"]) == (1, None)
    assert (await operator.last_event())["reason"] == WHY


async def test_what_an_earlier_revision_said_is_applied_by_its_name(
    operator: Operator, engine: AsyncEngine
) -> None:
    await proposed(engine, (KNOWN,))
    await enforce(operator.world.store, Routes(engine), (CHANGED,))
    assert (await operator.result("GET", PATH))["revision"] == 2
    first = digest([KNOWN])
    made = await operator.act(f"{PATH}/apply", proposal=first, revision=2)
    assert (made["revision"], made["travelling"]) == (2, 3)
    async with operator.world.store.transaction() as tx:
        in_use = await tx.revisions.lock()
    assert in_use
    assert in_use.target
    assert in_use.target.entries == (KNOWN,)
    assert (await operator.last_event())["after"]["proposal"] == first
