"""Failover 2.1: what is judged a promotion without loss, and what is not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from byoip.domain.speakers.succession import (
    WRITES_KEPT,
    Found,
    Identity,
    Losses,
    Remembered,
    Verdict,
    judge,
    losses,
)
from byoip.domain.speakers.succession import (
    Testimony as Said,
)

BEFORE = "cluster 7, timeline 00000001, database 5, table 6"
PROMOTED = "cluster 7, timeline 00000002, database 5, table 6"
TWICE = "cluster 7, timeline 00000003, database 5, table 6"
DUMP = "cluster 8, timeline 00000002, database 5, table 6"
LOADED = "cluster 7, timeline 00000002, database 5, table 9"
UNASKED = "database 5, table 6"

ROUTE, OTHER, CLAIM = (UUID(int=number) for number in range(3))
AT = datetime(2026, 11, 1, tzinfo=UTC)
KNOWN = Remembered(BEFORE, {ROUTE: 4}, [(CLAIM, "request-1")], 1000, AT)
FOUND = Found(PROMOTED, {ROUTE: 4}, KNOWN.writes, 1000, AT - timedelta(days=1))

GOOD, BAD, SILENT = Said("a:1", True), Said("b:1", False, "x"), Said("c:1", None)  # noqa: FBT003
SOME = replace(BAD, bounded=True)
RESTARTED = "the server was restarted after its promotion"


def test_nothing_is_missing() -> None:
    newer = replace(FOUND, changes={ROUTE: 5, OTHER: 1}, reached=1001)
    assert losses(KNOWN, FOUND).said == losses(KNOWN, newer).said == []


@pytest.mark.parametrize(
    ("found", "lost"),
    [
        (
            replace(FOUND, changes={ROUTE: 3}),
            Losses(["1 routes are older than known"], routes=[ROUTE]),
        ),
        (replace(FOUND, changes={}), Losses(["1 routes are older than known"], routes=[ROUTE])),
        (
            replace(FOUND, writes=[]),
            Losses(["acknowledged requests are lost: request-1"], claims={CLAIM}),
        ),
        (replace(FOUND, reached=999), Losses(["1 bytes of the log are missing"], log=True)),
        (replace(FOUND, reached=None), Losses([RESTARTED], bounded=False)),
        (replace(FOUND, started=AT + timedelta(seconds=1)), Losses([RESTARTED], bounded=False)),
        (
            replace(FOUND, identity=TWICE),
            Losses(["it was not promoted just once"], bounded=False),
        ),
        (
            replace(FOUND, identity=BEFORE, reached=999),
            Losses(["1 bytes of the log are missing"], bounded=False, log=True),
        ),
    ],
)
def test_each_evidence_speaks_alone(found: Found, lost: Losses) -> None:
    said = losses(KNOWN, found)
    known = replace(lost, routes=set(lost.routes), claims=set(lost.claims))
    assert replace(said, routes=set(said.routes), claims=set(said.claims)) == known


def test_where_no_remembered_request_is_left_more_may_be_lost() -> None:
    many = [(CLAIM, f"request-{number}") for number in range(WRITES_KEPT)]
    known = replace(KNOWN, writes=many)
    assert not losses(known, replace(FOUND, writes=[])).bounded
    assert losses(known, replace(FOUND, writes=many[:1])).bounded


def test_the_same_server_may_have_been_restarted() -> None:
    again = replace(FOUND, identity=BEFORE, started=AT + timedelta(seconds=9))
    assert not losses(KNOWN, again).said


@pytest.mark.parametrize(
    ("here", "testimonies", "verdict"),
    [
        (BEFORE, [], Verdict.SAME),
        (BEFORE, [GOOD, SILENT], Verdict.SAME),
        (BEFORE, [BAD], Verdict.RESTORED),
        (PROMOTED, [GOOD, GOOD], Verdict.PROMOTED),
        (PROMOTED, [GOOD, BAD], Verdict.RESTORED),
        (PROMOTED, [GOOD, SILENT], Verdict.WAITING),
        (PROMOTED, [GOOD, SOME], Verdict.IN_DOUBT),
        (PROMOTED, [SOME, BAD], Verdict.RESTORED),
        (PROMOTED, [SOME, SILENT], Verdict.WAITING),
        (BEFORE, [SOME], Verdict.IN_DOUBT),
        (BEFORE, [SOME, BAD], Verdict.RESTORED),
        (DUMP, [SOME], Verdict.RESTORED),
        (PROMOTED, [], Verdict.WAITING),
        (DUMP, [GOOD], Verdict.RESTORED),
        (LOADED, [GOOD], Verdict.RESTORED),
        (UNASKED, [GOOD], Verdict.RESTORED),
        (BEFORE, [BAD, SILENT], Verdict.WAITING),
        (PROMOTED, [BAD, SILENT], Verdict.WAITING),
        (DUMP, [BAD, SILENT], Verdict.WAITING),
    ],
)
def test_the_verdict(here: str, testimonies: list[Said], verdict: Verdict) -> None:
    assert judge(BEFORE, here, testimonies, patient=True) is verdict
    impatient = Verdict.RESTORED if verdict is Verdict.WAITING else verdict
    assert judge(BEFORE, here, testimonies, patient=False) is impatient


def test_the_first_look_and_an_older_timeline() -> None:
    assert judge(None, BEFORE, [], patient=True) is Verdict.SAME
    assert judge(PROMOTED, BEFORE, [GOOD], patient=True) is Verdict.RESTORED


def test_timelines_are_hexadecimal() -> None:
    assert Identity.parse(BEFORE.replace("00000001", "0000001A")).timeline == 26


@pytest.mark.parametrize(
    ("found", "certain"),
    [
        (replace(FOUND, started=AT + timedelta(seconds=1)), False),
        (replace(FOUND, identity=TWICE), False),
        (replace(FOUND, identity=TWICE, changes={ROUTE: 3}), True),
        (replace(FOUND, identity=TWICE, writes=[]), True),
        (replace(FOUND, reached=999), True),
        (FOUND, False),
    ],
)
def test_what_is_missing_for_certain(found: Found, *, certain: bool) -> None:
    assert losses(KNOWN, found).certain is certain
