"""The situations that a dump is made of, in the order in which they come about."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.net.dump_story import Story, eventually
from tests.net.dump_world import IrrFault, Trouble, running

_FLOOD = 21  # one more than any run may act on


async def onboarded(story: Story) -> None:
    """All whose checks are over, and what was bound and announced by then."""
    for number, name in enumerate(
        (
            "up",
            "going",
            "locked",
            "halfway",
            "leaving",
            "in_grace",
            "gone",
            "suspended",
            "contested",
        ),
        start=1,
    ):
        await story.up(name, number)
    for number, name in enumerate(("drifted", "swapping"), start=10):
        await story.up(name, number)
    for number, name in enumerate(("spare", "parked"), start=20):
        await story.up(name, number, "charlie")
    await story.bound("wanted", 30)
    await story.bound("partial", 31)
    await story.approved("lettered", 32, delegate_loa_creation=True)
    await story.claim("rival", story.prefixes["contested"]["cidr"], "bravo")
    await story.publish("rival")
    assert (await story.validated("rival"))["result"] == "contested"
    await story.claim("failed", 33)
    assert (await story.validated("failed"))["result"] == "failed"
    await story.claim("granted", 34, loa_document_id=story.kept["loa_document"])
    await story.operate(f"/prefixes/{story.prefixes['granted']['id']}/approve")
    await story.claim("removed", 35)
    await story.of("removed", "DELETE", "")
    await story.claim("untouched", 36)
    second = await story.of("untouched", "POST", "/validation_tokens", json={"method": "irr"})
    await story.of("untouched", "DELETE", f"/validation_tokens/{second['id']}")
    await story.of("untouched", "POST", "/validation_tokens", json={"method": "rdns"})
    await story.claim("unheard", "2001:db8:1::/48")
    await story.held(*("up", "going", "locked", "halfway", "leaving", "in_grace", "gone"))
    await story.held("suspended", "contested", "drifted", "swapping", "spare", "parked")
    await story.bind("swapping", "198.18.11.0/25", "Spectrum")
    await story.acknowledge()


async def left_and_locked(story: Story) -> None:
    """Offboardings that are over or in their grace, and what operators did to prefixes."""
    await story.of("gone", "POST", "/offboard")
    await story.of("in_grace", "POST", "/offboard")
    app = story.kept["app"]

    async def unbound() -> bool:
        await story.service.strikes(app, "offboard")
        await asyncio.sleep(0.3)
        events = [await story.of(name, "GET", "/events") for name in ("gone", "in_grace")]
        return all(one[-1]["kind"] == "offboarding.unbound" for one in events)

    await eventually(unbound)
    await story.operate(f"/prefixes/{story.prefixes['gone']['id']}/end_grace")
    await story.operate(f"/prefixes/{story.prefixes['suspended']['id']}/suspend")
    [route] = await story.of("locked", "GET", "/bgp/prefixes")
    locked = story.prefixes["locked"]["id"]
    await story.operate(f"/prefixes/{locked}/bgp/prefixes/{route['id']}/lock")
    story.orphan()

    async def found() -> bool:
        listed = await story.service.result(
            story.tokens["operator"], "GET", "/operator/routes/orphans"
        )
        return len(listed) == 2

    await eventually(found)


async def delegations(story: Story) -> None:
    """One that lasts, one that was ended, and one that expires while no worker runs."""
    bravo, soon = story.accounts["bravo"], datetime.now(UTC) + timedelta(seconds=60)

    async def delegate(cidr: str, **more: Any) -> str:
        body = {"cidr": cidr, "delegated_account_id": bravo, **more}
        return str((await story.of("up", "POST", "/delegations", json=body))["id"])

    await delegate("198.18.1.0/25")
    await delegate("198.18.1.128/26", expires_at=soon.isoformat())
    ended = await delegate("198.18.1.192/26")
    await story.of("up", "DELETE", f"/delegations/{ended}")


async def flood(story: Story) -> None:
    """An account wants to leave with all that it has, and the job asks a person first."""
    await story.account("delta")
    leaving = story.kept["flood"] = []
    for number in range(50, 50 + _FLOOD):
        body = {"cidr": f"198.18.{number}.0/24", "asn": 64500}
        made = (await story.customer("POST", "/prefixes", "delta", json=body))["id"]
        await story.operate(f"/prefixes/{made}/approve")
        leaving.append(made)
    await story.operate("/jobs/offboard/stop")  # or it would take them one by one
    for one in leaving:
        await story.customer("POST", f"/prefixes/{one}/offboard", "delta")
    await story.operate("/jobs/offboard/start")

    async def refused() -> bool:
        await story.service.strikes(story.kept["app"], "offboard")
        await asyncio.sleep(0.2)
        shown = await story.service.result(story.tokens["operator"], "GET", "/operator/jobs")
        waiting = [one["waiting"] for one in shown if one["waiting"]]
        return any(one["listed"] == _FLOOD for one in waiting)

    await eventually(refused)


async def breaker(story: Story, url: str, directory: Path) -> None:
    """It trips for an account, is re-armed, and trips again; an offboarding waits behind it."""
    known, token = story.prefixes["parked"], story.tokens["charlie"]
    way = f"/accounts/{story.accounts['charlie']}/addressing/prefixes/{known['id']}/bgp/status"
    async with running(url, directory, breaker_per_account=1, token_days=0.000005) as strict:
        for last in (False, True):
            await story.announce("spare", wanted=False)
            answer = await strict.ask(token, "PATCH", way, json={"advertised": False})
            assert answer.json()["errors"][0]["name"] == "withdrawals_stopped"
            if not last:
                shown = await strict.result(story.tokens["operator"], "GET", "/operator/breaker")
                [trip] = shown["trips"]
                await story.operate(f"/breaker/{trip['id']}/rearm", parked="released")
                await story.announce("spare")
        body = {"cidr": "198.18.37.0/24", "asn": 64500}
        made = await strict.result(
            story.tokens["alfa"],
            "POST",
            f"/accounts/{story.accounts['alfa']}/addressing/prefixes",
            json=body,
        )
        story.prefixes["late"] = {
            "id": made["id"],
            "cidr": body["cidr"],
            "who": "alfa",
            "token": made["ownership_validation_token"],
        }
    await story.of("parked", "POST", "/offboard")


@asynccontextmanager
async def under_way(story: Story) -> AsyncIterator[None]:
    """What is only half done while the block runs, and stays so if every process dies in it."""
    service = story.service
    await story.claim("retrying", 40)
    await story.claim("midrun", 41)
    await story.claim("queued", 42)
    for name in ("midrun", "queued"):
        story.roas.append(story.prefixes[name]["cidr"])
    story.roas.remove(story.prefixes["drifted"]["cidr"])
    await service.list_roas(*story.roas)
    async with service.working(queues=["default"]):
        # The letters' worker is away: this one's letter waits.
        await story.approved("unwritten", 43, delegate_loa_creation=True)
        await story.of("halfway", "POST", "/offboard")
        await story.announce("wanted")
        await story.announce("going", wanted=False)
        service.internet.whois.fault = IrrFault.REFUSED
        assert (await story.validated("retrying"))["result"] == "unanswered"

        async def withdrawn() -> bool:
            events = await story.of("halfway", "GET", "/events")
            return bool(events[-1]["kind"] == "bgp_prefix.withdrawn")

        await eventually(withdrawn)
    [binding] = [
        one for one in await story.of("swapping", "GET", "/bindings") if "/24" in one["cidr"]
    ]
    [part] = [one for one in await story.of("swapping", "GET", "/bindings") if "/25" in one["cidr"]]
    body = {"service_id": story.kept["Spectrum"]}
    await story.of("swapping", "PATCH", f"/bindings/{binding['id']}", json=body)
    await story.of("swapping", "DELETE", f"/bindings/{part['id']}")
    await story.acknowledge("ams1")  # one of two is no majority
    await story.operate("/routes/orphans/withdraw", speaker="one", cidr="198.18.200.0/24")
    service.internet.whois.fault = IrrFault.TIMEOUT
    async with service.working(queues=["default"], at_once=1):
        await story.of("midrun", "POST", "/validate")

        async def taken() -> bool:
            runs = await story.of("midrun", "GET", "/validations")
            return bool(runs[0]["state"] == "running")

        await eventually(taken)
        await story.of("queued", "POST", "/validate")
        await story.of("leaving", "POST", "/offboard")
        yield


async def announced_at_one(story: Story) -> None:
    """The second speaker does not answer, so a route has got only half of its way."""
    story.two.trouble = Trouble.REFUSED
    async with story.service.announcing(story.speakers, story.ear):
        await story.announce("partial")
        await story.held("partial", by=story.one)
        await asyncio.sleep(0.5)
