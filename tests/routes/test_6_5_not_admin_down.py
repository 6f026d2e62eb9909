"""Routes 6.5: a neighbour that comes up before its speaker is loaded is an alarm that names it."""

import pytest

from byoip.composition.speaking import neighbour_notes
from byoip.domain.asn import Asn
from byoip.ports.speakers.speaker import Neighbour
from byoip.settings.model import Settings
from tests.announcing import OURS, PEER, Fleet, reconciling, speaker, until
from tests.fakes.speaker import FakeSpeaker
from tests.real.edge import ROUTER, running_edge

_ALARMS = "SELECT subject, detail FROM route_alarms WHERE kind = 'not_admin_down'"
_SAID = "come up before it is loaded; make them admin-down: "


async def test_it_is_an_alarm_for_as_long_as_it_is_so(fleet: Fleet) -> None:
    at_once = Neighbour(PEER, Asn(64501), enabled=True, established=True, comes_up=True)
    one = FakeSpeaker("one", OURS, [at_once])
    async with reconciling(fleet, one, speaker("two")):
        await until(lambda: says(fleet, [("one", f"{_SAID}{PEER}")]))
        one.sessions = [Neighbour(PEER, Asn(64501), enabled=False, established=False)]
        one.kill()
        one.start()
        await until(lambda: says(fleet, []))


@pytest.mark.real
async def test_a_gobgpd_says_it_of_its_file_whatever_its_sessions_are_now(fleet: Fleet) -> None:
    async with running_edge("one", admin_down=False) as edge:
        one = edge.speakers["one"]
        async with reconciling(fleet, one):
            await until(lambda: says(fleet, [("one", f"{_SAID}{ROUTER}")]))
        await one.disable(ROUTER)
        assert [session.comes_up for session in await one.neighbours()] == [True]
        speakers = [{"name": "one", "address": edge.daemons["one"].target}]
        notes = await neighbour_notes(Settings.model_validate({"speakers": speakers}))
        assert f"speaker one: neighbour {ROUTER} is not admin-down" in notes[1]
    async with running_edge("one") as edge:
        await edge.up()
        assert [session.comes_up for session in await edge.speakers["one"].neighbours()] == [False]


async def says(fleet: Fleet, wanted: list[tuple[str, str]]) -> bool:
    return await fleet.ask(_ALARMS) == wanted
