"""Failover 2.1: what is judged a promotion without loss, and what is not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from byoip.domain.speakers.succession import (
    Found,
    Identity,
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


def test_nothing_is_missing() -> None:
    newer = replace(FOUND, changes={ROUTE: 5, OTHER: 1}, reached=1001)
    assert losses(KNOWN, FOUND) == losses(KNOWN, newer) == []


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (replace(FOUND, changes={ROUTE: 3}), "1 routes are older than known"),
        (replace(FOUND, changes={}), "1 routes are older than known"),
        (replace(FOUND, writes=[]), "acknowledged requests are lost: request-1"),
        (replace(FOUND, reached=999), "1 bytes of the log are missing"),
        (replace(FOUND, reached=None), "the server was restarted after its promotion"),
        (
            replace(FOUND, started=AT + timedelta(seconds=1)),
            "the server was restarted after its promotion",
        ),
        (replace(FOUND, identity=TWICE), "it was not promoted just once"),
        (replace(FOUND, identity=BEFORE, reached=999), "1 bytes of the log are missing"),
    ],
)
def test_each_evidence_speaks_alone(found: Found, said: str) -> None:
    assert losses(KNOWN, found) == [said]


def test_the_same_server_may_have_been_restarted() -> None:
    again = replace(FOUND, identity=BEFORE, started=AT + timedelta(seconds=9))
    assert losses(KNOWN, again) == []


@pytest.mark.parametrize(
    ("here", "testimonies", "verdict"),
    [
        (BEFORE, [], Verdict.SAME),
        (BEFORE, [GOOD, SILENT], Verdict.SAME),
        (BEFORE, [BAD], Verdict.RESTORED),
        (PROMOTED, [GOOD, GOOD], Verdict.PROMOTED),
        (PROMOTED, [GOOD, BAD], Verdict.RESTORED),
        (PROMOTED, [GOOD, SILENT], Verdict.WAITING),
        (PROMOTED, [], Verdict.WAITING),
        (DUMP, [GOOD], Verdict.RESTORED),
        (LOADED, [GOOD], Verdict.RESTORED),
        (UNASKED, [GOOD], Verdict.RESTORED),
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
