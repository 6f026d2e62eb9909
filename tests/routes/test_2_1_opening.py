"""Routes 2.1: sessions come up when nothing is missing, by sets; no witness is not zero."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.speakers.bgp_peer import InService, SpeakerNotFound
from byoip.domain.speakers.opening import Opening, SpeakerRecord, opening
from byoip.ports.speakers.speaker import Neighbour
from byoip.usecases.speakers.bgp_peers import open_speaker
from tests.announcing import (
    OURS,
    OWNER,
    PEER,
    QUICK,
    Fleet,
    listener,
    looks,
    path,
    reconciling,
    speaker,
    until,
)
from tests.fakes.speaker import FakeSpeaker

KNOWN, ORDERED = SpeakerRecord(), SpeakerRecord("operator A. Person", 1)
STRANGERS = [Prefix.parse(f"31.9.{number}.0/24") for number in range(40)]


@pytest.mark.parametrize(
    ("record", "missing", "left", "fed", "decided"),
    [
        (None, False, 600, False, Opening.UNKNOWN),
        (None, True, 0, False, Opening.UNKNOWN),
        (KNOWN, False, 600, False, Opening.OPEN),
        (KNOWN, True, 600, False, Opening.SHUT),
        (KNOWN, True, 15.1, True, Opening.SHUT),
        (KNOWN, True, 15, True, Opening.SHUT),
        (KNOWN, True, 15, False, Opening.SHORT),
        (ORDERED, True, 600, True, Opening.OPEN),
    ],
)
def test_what_becomes_of_sessions(
    record: SpeakerRecord | None, missing: bool, left: float, fed: bool, decided: Opening
) -> None:
    assert opening(record, missing=missing, seconds_left=left, fed_by_sibling=fed) is decided


async def test_an_empty_database_with_one_route_opens_no_speaker_that_held_others(
    fleet: Fleet,
) -> None:
    one = graceful("one")
    one.put(*map(path, STRANGERS))
    await one.enable(PEER)
    (new,) = await fleet.add("31.0.0.0/24")
    async with reconciling(fleet, one, known=False):
        await until(lambda: stands(fleet, "strange_routes", "one"))
        await fleet.announce(new)
        await until(lambda: new in one.paths)
        one.kill()
        one.start()
        await until(lambda: stands(fleet, "sessions_shut", "one"))
        await until(lambda: set(one.paths) == {new})
        await looks(one)
        assert not one.feeds(PEER)
        said = await detail(fleet, "sessions_shut")
        assert "it lacks 40 routes" in said
        assert str(STRANGERS[0]) in said
        assert "its peers drop all that they keep in " in said
        assert await fleet.orphans("one") == set(STRANGERS), "the records of orphans stay"


async def test_a_speaker_without_a_record_is_opened_by_an_operator(fleet: Fleet) -> None:
    one = speaker("one")
    (prefix,) = await fleet.add("31.0.0.0/24", advertised=True)
    async with reconciling(fleet, one, known=False):
        await until(lambda: stands(fleet, "sessions_shut", "one"))
        await until(lambda: prefix in one.paths)
        await looks(one)
        assert not one.feeds(PEER)
        assert "byoip operator speakers open one" in await detail(fleet, "sessions_shut")
        await order(fleet, "one")
        await until(lambda: one.sends_to(PEER, prefix) is not None)
        await until(lambda: stands(fleet, "sessions_shut"))
        one.kill()
        one.start()
        await until(lambda: one.sends_to(PEER, prefix) is not None)
    history = await fleet.ask("SELECT kind, after ->> 'speaker' FROM operator_events")
    assert history == [("speaker.opened", "one")]
    assert await fleet.ask("SELECT ordered_by FROM speaker_records") == [(None,)]


async def test_an_operator_opens_with_what_is_loaded_and_it_is_missing_no_more(
    fleet: Fleet,
) -> None:
    one = graceful("one")
    (prefix,) = await fleet.add("31.0.0.0/24", advertised=True)
    await held(fleet, "one", STRANGERS)
    async with reconciling(fleet, one):
        await until(lambda: stands(fleet, "sessions_shut", "one"))
        await order(fleet, "one")
        await until(lambda: one.sends_to(PEER, prefix) is not None)
        await until(lambda: stands(fleet, "no_longer_held"))
        one.kill()
        one.start()
        await until(lambda: one.sends_to(PEER, prefix) is not None)


async def test_only_what_is_in_settings_or_was_asked_can_be_opened(fleet: Fleet) -> None:
    with pytest.raises(SpeakerNotFound):
        await order(fleet, "one", settings=())


async def test_what_owners_withdrew_since_is_not_missing(fleet: Fleet) -> None:
    one = graceful("one")
    kept, gone = await fleet.add("31.0.0.0/24", "31.0.1.0/24")
    async with reconciling(fleet, one):
        await fleet.announce(kept, gone)
        await until(fleet.settled)
        await until(lambda: recorded(fleet, {kept, gone}))
        one.kill()
        await fleet.withdraw(gone)
        one.start()
        await until(lambda: one.sends_to(PEER, kept) is not None)
        await until(lambda: recorded(fleet, {kept}))


async def test_what_a_twin_holds_is_missing(fleet: Fleet) -> None:
    one, twin = graceful("one"), graceful("twin")
    (prefix,) = await fleet.add("31.0.0.0/24", advertised=True)
    twin.put(*map(path, STRANGERS))
    await twin.enable(PEER)
    async with reconciling(fleet, one, twin, stages=[1, 1]):
        await until(lambda: stands(fleet, "sessions_shut", "one"))
        assert "it lacks 40 routes" in await detail(fleet, "sessions_shut")
        await until(lambda: prefix in one.paths)
        await looks(one)
        assert not one.feeds(PEER)


async def test_what_observers_see_and_an_older_database_calls_withdrawn_is_missing(
    fleet: Fleet,
) -> None:
    one, other = graceful("one"), speaker("other")
    kept, risen = await fleet.add("31.0.0.0/24", "31.0.1.0/24")
    ear = listener(one, other)
    async with reconciling(fleet, one, listeners=[ear]):
        await fleet.announce(kept)
        await until(fleet.settled)
        await until(lambda: one.sends_to(PEER, kept) is not None)
    await fleet.do("UPDATE incarnation SET identity = 'the cluster of then'")
    other.put(path(risen))  # of another stage, which no worker asks here
    await other.enable(PEER)
    one.kill()
    one.start()
    async with reconciling(fleet, one, listeners=[ear]):
        await until(lambda: stands(fleet, "sessions_shut", "one"))
        assert str(risen) in await detail(fleet, "sessions_shut")
        assert not one.feeds(PEER)


async def test_what_is_missing_comes_back_and_the_sessions_with_it(fleet: Fleet) -> None:
    one = graceful("one")
    kept, back = await fleet.add("31.0.0.0/24", "31.0.1.0/24")
    await held(fleet, "one", [back])
    async with reconciling(fleet, one):
        await fleet.announce(kept)
        await until(lambda: stands(fleet, "sessions_shut", "one"))
        await fleet.announce(back)
        await until(lambda: one.sends_to(PEER, back) is not None)
        await until(lambda: stands(fleet, "sessions_shut"))


async def test_with_a_twin_up_it_stays_shut_when_the_restart_time_ends(fleet: Fleet) -> None:
    one, twin = graceful("one", seconds=16), speaker("twin")
    await fleet.add("31.0.0.0/24", advertised=True)
    async with beside(fleet, one, twin):
        await until(lambda: stands(fleet, "sessions_shut", "one"))
        await until(lambda: says(fleet, "sessions_shut", "in 0 s; others of its stage"))
        await looks(one)
        assert not one.feeds(PEER)


async def test_a_twin_that_holds_no_ipv6_feeds_none(fleet: Fleet) -> None:
    one, twin = graceful("one", seconds=16), speaker("twin")
    _, ipv6 = await fleet.add("31.0.0.0/24", "2001:db8:31::/48", advertised=True)
    await fleet.do("UPDATE bgp_prefixes SET settled = change")  # seen long ago
    twin.loses.add(ipv6)
    async with beside(fleet, one, twin):
        await until(lambda: one.sends_to(PEER, ipv6) is not None, seconds=30)
        await until(lambda: says(fleet, "no_longer_held", "it lacks 40 routes"))


@asynccontextmanager
async def beside(fleet: Fleet, one: FakeSpeaker, twin: FakeSpeaker) -> AsyncIterator[None]:
    """It restarts without what it held, while its twin feeds their peer, however late that does."""
    await held(fleet, one.name, STRANGERS)
    one.kill()
    async with reconciling(fleet, one, twin, stages=[1, 1]):
        await until(lambda: twin.feeds(PEER))
        await fleet.do("UPDATE speaker_records SET up_at = now() WHERE speaker = 'one'")
        one.start()
        yield


async def test_without_a_twin_it_opens_before_the_restart_time_ends_and_names_the_loss(
    fleet: Fleet,
) -> None:
    one = graceful("one", seconds=22)
    (prefix,) = await fleet.add("31.0.0.0/24", advertised=True)
    await held(fleet, "one", STRANGERS)
    async with reconciling(fleet, one):
        await until(lambda: stands(fleet, "sessions_shut", "one"))
        assert not one.feeds(PEER)
        await until(lambda: one.sends_to(PEER, prefix) is not None)
        await until(lambda: says(fleet, "no_longer_held", "it lacks 40 routes"))
        await until(lambda: stands(fleet, "sessions_shut"))
    assert await fleet.ask("SELECT ordered_by FROM speaker_records") == [(None,)]


async def test_a_restart_time_below_600_is_an_alarm(fleet: Fleet) -> None:
    async with reconciling(fleet, graceful("one", seconds=90), graceful("two")):
        await until(lambda: stands(fleet, "short_restart_time", "one"))


@pytest.mark.parametrize("dies", [False, True], ids=["in service", "dead"])
async def test_when_a_session_was_last_up_is_on_record_between_full_syncs(
    fleet: Fleet, dies: bool
) -> None:
    """A leader that takes over counts from then how long peers keep routes."""
    one = graceful("one")
    await fleet.add("31.0.0.0/24", advertised=True)
    every = timedelta(hours=1) if dies else QUICK.every
    pace = replace(QUICK, every=every, rest=1e9, second_after=timedelta(0))
    async with reconciling(fleet, one, pace=pace, lease=30):
        await until(lambda: one.feeds(PEER))
        await until(fleet.settled)
        listed = one.calls("held")
        await fleet.do("UPDATE speaker_records SET up_at = '2020-01-01'")
        await until(lambda: one.calls("neighbours") > 10)
        if dies:
            one.kill()
        await until(lambda: up_lately(fleet), seconds=60)
        assert dies or one.calls("held") == listed


async def up_lately(fleet: Fleet) -> bool:
    return await fleet.ask("SELECT up_at > '2021-01-01' FROM speaker_records") == [(True,)]


def graceful(name: str, *, seconds: int = 600) -> FakeSpeaker:
    return FakeSpeaker(name, OURS, [Neighbour(PEER, Asn(64501), False, False, seconds)])  # noqa: FBT003


async def held(fleet: Fleet, name: str, prefixes: Sequence[Prefix]) -> None:
    """Its sessions were up until now, and it held these."""
    await fleet.do("INSERT INTO speaker_records (speaker, up_at) VALUES (:name, now())", name=name)
    await fleet.routes.records.note_held(name, prefixes)


async def order(fleet: Fleet, name: str, settings: Sequence[str] = ("one",)) -> None:
    in_service = replace(InService(), speakers=frozenset(settings))
    async with fleet.store.transaction(actor=OWNER) as tx:
        await open_speaker(tx, name, name="A. Person", reason="it is new", in_service=in_service)


async def recorded(fleet: Fleet, prefixes: set[Prefix]) -> bool:
    return set(await fleet.routes.records.held("one")) == prefixes


async def stands(fleet: Fleet, kind: str, *subjects: str) -> bool:
    return await fleet.alarms(kind) == set(subjects)


async def says(fleet: Fleet, kind: str, words: str) -> bool:
    return words in await detail(fleet, kind)


async def detail(fleet: Fleet, kind: str) -> str:
    rows = await fleet.ask("SELECT detail FROM route_alarms WHERE kind = :kind", kind=kind)
    return rows[0][0] if rows else ""
