"""The rail Prove > Approve > Bind > Announce, in each state that a prefix may be in."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from byoip.domain.bindings.service_binding import Provisioning
from byoip.domain.checks.evidence import CheckState
from byoip.domain.checks.validation_run import RunState, Trigger, ValidationRun
from byoip.domain.claims.claim import CheckRecord
from byoip.domain.claims.lifecycle import Approver, Standing
from byoip.domain.claims.proof import Proof
from byoip.domain.watch.levels import Signal
from byoip.store.claims.views import ClaimView, SpanningRoute
from byoip.store.routes.views import Applied
from byoip.web.rail import rail_of
from tests.api.bound import bound
from tests.api.operators import Operator
from tests.api.world import World
from tests.domain.samples import NOW, claim, token
from tests.web.browser import signed_in

BEFORE, SOON = NOW - timedelta(days=1), NOW + timedelta(days=1)
PENDING = claim()
APPROVED = claim().approve(NOW)
BY_WORD = claim().approve_by_operator(NOW)
FAILED = claim(irr=CheckRecord(CheckState.MISSING))
ASKING = ValidationRun(uuid4(), PENDING.id, Trigger.CUSTOMER, NOW, NOW, RunState.RUNNING)
LATER = replace(ASKING, state=RunState.SCHEDULED, due_at=SOON)
HELD = Applied(advertised=True, at=NOW)
UP = SpanningRoute(advertised=True, at=NOW, locked=False, applied=HELD)
GOING_UP = replace(UP, applied=Applied())
GOING_DOWN = replace(UP, advertised=False)
DOWN = replace(GOING_UP, advertised=False)
ACTIVE, COMING = Provisioning.ACTIVE, Provisioning.PROVISIONING
LEAVING = replace(APPROVED, standing=Standing.OFFBOARDING)

STATES: dict[str, tuple[ClaimView, bool, str]] = {
    "unproven": (
        ClaimView(PENDING, None, None),
        False,
        (
            ">wait: publish, then check | plain: follows by itself | plain: to a service | "
            "plain: to the Internet"
        ),
    ),
    "being checked": (
        ClaimView(PENDING, None, None, run=ASKING),
        False,
        (
            ">wait: being checked | plain: follows by itself | plain: to a service | "
            "plain: to the Internet"
        ),
    ),
    "a check failed": (
        ClaimView(FAILED, None, None),
        False,
        (
            ">bad: a check said no: see below | plain: follows by itself | plain: to a service | "
            "plain: to the Internet"
        ),
    ),
    "a check failed, asked again by itself": (
        ClaimView(FAILED, None, None, run=LATER),
        False,
        (
            ">bad: a check said no: see below | plain: follows by itself | plain: to a service | "
            "plain: to the Internet"
        ),
    ),
    "a check failed, asked again now": (
        ClaimView(FAILED, None, None, run=ASKING),
        False,
        (
            ">wait: being checked | plain: follows by itself | plain: to a service | "
            "plain: to the Internet"
        ),
    ),
    "token expired": (
        ClaimView(PENDING, token(created_at=BEFORE, expires_at=NOW), None),
        False,
        (
            ">bad: the token has expired: make a new one | plain: follows by itself | "
            "plain: to a service | plain: to the Internet"
        ),
    ),
    "contested": (
        ClaimView(claim(standing=Standing.CONTESTED), None, None),
        False,
        (
            "good: proven | >bad: contested: the operator decides | plain: to a service | "
            "plain: to the Internet"
        ),
    ),
    "contested, and approved": (
        ClaimView(replace(APPROVED, standing=Standing.CONTESTED), None, None),
        False,
        (
            "good: proven | >bad: contested by another account | plain: to a service | "
            "plain: to the Internet"
        ),
    ),
    "disputed, the claimant": (
        ClaimView(PENDING, None, None),
        True,
        (
            "wait: publish, then check | >bad: in dispute: the operator decides | "
            "plain: to a service | plain: to the Internet"
        ),
    ),
    "suspended while unproven": (
        ClaimView(claim(standing=Standing.SUSPENDED), None, None),
        False,
        (
            "wait: publish, then check | >bad: suspended by the operator | plain: to a service | "
            "plain: to the Internet"
        ),
    ),
    "approved": (
        ClaimView(APPROVED, None, None),
        False,
        "good: proven | good: approved | >wait: to a service | plain: to the Internet",
    ),
    "approved by an operator": (
        ClaimView(BY_WORD, None, None),
        False,
        (
            "good: on the operator's word | good: approved | >wait: to a service | "
            "plain: to the Internet"
        ),
    ),
    "approval taken back, bound in part": (
        ClaimView(APPROVED.revoke(NOW), None, None, still_bound=True),
        False,
        (
            ">wait: publish, then check | plain: the operator took it back | "
            "wait: bound still, for a part | plain: to the Internet"
        ),
    ),
    "bound, not everywhere": (
        ClaimView(APPROVED, None, COMING, DOWN),
        False,
        (
            "good: proven | good: approved | >wait: bound, on its way to edges | "
            "plain: to the Internet"
        ),
    ),
    "bound": (
        ClaimView(APPROVED, None, ACTIVE, DOWN),
        False,
        "good: proven | good: approved | good: bound, active | >wait: to the Internet",
    ),
    "announcement asked for": (
        ClaimView(APPROVED, None, ACTIVE, GOING_UP),
        False,
        "good: proven | good: approved | good: bound, active | >wait: asked for",
    ),
    "announced": (
        ClaimView(APPROVED, None, ACTIVE, UP),
        False,
        "good: proven | good: approved | good: bound, active | good: speakers hold it",
    ),
    "announced and locked": (
        ClaimView(APPROVED, None, ACTIVE, replace(UP, locked=True)),
        False,
        (
            "good: proven | good: approved | good: bound, active | "
            "good: speakers hold it, locked by the operator"
        ),
    ),
    "withdrawn and locked": (
        ClaimView(APPROVED, None, ACTIVE, replace(DOWN, locked=True)),
        False,
        (
            "good: proven | good: approved | good: bound, active | "
            ">wait: withdrawn, locked by the operator"
        ),
    ),
    "going down": (
        ClaimView(APPROVED, None, ACTIVE, GOING_DOWN),
        False,
        "good: proven | good: approved | good: bound, active | >wait: going down",
    ),
    "frozen": (
        ClaimView(replace(APPROVED, frozen_for=frozenset({Signal.HOLDER})), None, ACTIVE, UP),
        False,
        (
            ">bad: no longer as it was proven | bad: approved, and frozen: nothing new | "
            "good: bound, active | good: speakers hold it"
        ),
    ),
    "the proof has ended": (
        ClaimView(replace(APPROVED, proof=Proof(BEFORE, NOW)), None, ACTIVE, UP),
        False,
        (
            ">bad: the proof has ended: prove it anew | good: approved | good: bound, active | "
            "good: speakers hold it"
        ),
    ),
    "the proof ends tomorrow": (
        ClaimView(replace(APPROVED, proof=Proof(BEFORE, SOON)), None, ACTIVE, UP),
        False,
        "good: proven | good: approved | good: bound, active | good: speakers hold it",
    ),
    "disputed, the holder": (
        ClaimView(APPROVED, None, ACTIVE, UP),
        True,
        (
            "good: proven | >bad: in dispute: the operator decides | good: bound, active | "
            "good: speakers hold it"
        ),
    ),
    "suspended and announced": (
        ClaimView(replace(APPROVED, standing=Standing.SUSPENDED), None, ACTIVE, UP),
        False,
        (
            "good: proven | >bad: suspended by the operator | good: bound, active | "
            "good: speakers hold it"
        ),
    ),
    "offboarding, its route is up": (
        ClaimView(LEAVING, None, ACTIVE, UP),
        False,
        "good: proven | good: approved | good: bound, active | >bad: on its way out",
    ),
    "offboarding, in its grace": (
        ClaimView(LEAVING, None, None, DOWN),
        False,
        (
            "good: proven | good: approved | plain: bindings have ended | "
            ">bad: withdrawn, on its way out"
        ),
    ),
}


def said(view: ClaimView, *, disputed: bool) -> str:
    return " | ".join(
        f"{'>' if one.now else ''}{one.tone}: {one.said}"
        for one in rail_of(view, NOW, disputed=disputed)
    )


@pytest.mark.parametrize(("view", "disputed", "rail"), STATES.values(), ids=STATES)
def test_3_17_the_rail_says_how_far_it_is(view: ClaimView, rail: str, *, disputed: bool) -> None:
    assert said(view, disputed=disputed) == rail


def test_3_17_every_standing_approver_and_state_of_a_check_has_its_words() -> None:
    """One that is added says nothing new on the rail, unless somebody thinks of it here."""
    shown = {one.claim.standing for one, _, _ in STATES.values()}
    assert shown == set(Standing)
    assert {one.claim.approved_by for one, _, _ in STATES.values()} >= set(Approver)
    for state in set(CheckState) - {CheckState.PENDING, CheckState.VALID}:
        for check in ("irr", "rpki", "ownership"):
            changes: dict[str, Any] = {check: CheckRecord(state)}
            view = ClaimView(claim(**changes), None, None)
            assert said(view, disputed=False).startswith(">bad: a check said no")


async def test_3_17_the_page_marks_where_it_is_for_those_who_do_not_see_colours(
    world: World, operator: Operator
) -> None:
    made = await world.prefix()
    path, _, _ = await bound(world)
    browser = await signed_in(world)

    async def marked(of: str) -> list[tuple[str, str, str]]:
        page = (await browser.get(f"/ui{of}")).text
        rail = page.partition('<ol class="rail" aria-label=')[2].partition("</ol>")[0]
        assert rail.count("<li ") == 4
        return re.findall(r'<li class="(\w+)" aria-current="step"><b>(\w+)</b>([^<]*)', rail)

    assert await marked(f"/prefixes/{made['id']}") == [("wait", "Prove", "publish, then check")]
    assert await marked(path) == [("wait", "Announce", "to the Internet")]
    await operator.result("POST", f"{path}/suspend", json={"reason": "A look."})
    assert await marked(path) == [("bad", "Approve", "suspended by the operator")]
