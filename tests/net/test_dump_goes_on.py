"""The worker of today goes on with what a version of then had under way when it was stopped.

Each dump is restored as it was, migrated with today's migrations, and served. Its moments are
moved, so that it was taken five minutes ago: see dump_files.
"""

from tests.announcing import until
from tests.net.dump_after import After
from tests.net.dump_fixtures import KNOWN, after, migrated

__all__ = ["after", "migrated"]  # fixtures


def test_there_is_a_dump() -> None:
    assert KNOWN


async def test_an_open_run_ends_and_a_token_of_before_proves(after: After) -> None:
    known = after.known["prefixes"]["queued"]
    after.service.publish(known["cidr"], known["token"])
    async with after.service.working():
        await until(lambda: run_is(after, "queued", "approved"))
    assert (await after.of("queued"))["approved"] == "V"
    [token] = await after.of("queued", "/validation_tokens")
    assert token["consumed_at"] is not None
    events = await after.of("queued", "/events")
    approval = next(one for one in events if one["kind"] == "prefix.approved")
    assert approval["actor"] == "worker"
    assert approval["request_id"].startswith("job-")


async def test_a_run_that_was_left_in_the_middle_is_rescued(after: After) -> None:
    known = after.known["prefixes"]["midrun"]
    after.service.publish(known["cidr"], known["token"])
    [left] = [number for number, job in after.jobs().items() if job[1] == "doing"]
    run = await after.newest_run("midrun")
    async with after.service.working() as app:
        await after.service.strikes(app, "rescue")
        await until(lambda: run_is(after, "midrun", "approved"))
        await until(lambda: after.jobs()[left][1] == "failed")
    assert (await after.newest_run("midrun"))["id"] == run["id"]
    assert (await after.of("midrun"))["approved"] == "V"


async def test_every_job_that_waited_is_carried_out(after: After) -> None:
    waiting = [number for number, job in after.jobs().items() if job[1] == "todo"]
    assert {after.jobs()[number][0] for number in waiting} >= {
        "run_validation",
        "offboard",
        "generate_letter",
    }
    async with after.service.working():
        await until(lambda: all(after.jobs()[one][1] not in {"todo", "doing"} for one in waiting))
    assert [after.jobs()[one] for one in waiting if after.jobs()[one][1] != "succeeded"] == []
    assert await run_is(after, "retrying", "failed")  # it had slept, no party had answered
    assert (await after.of("unwritten"))["loa_document_id"] is not None
    assert (await after.kinds("leaving"))[-1] == "bgp_prefix.withdrawn"


async def run_is(after: After, name: str, result: str) -> bool:
    return bool((await after.newest_run(name))["result"] == result)


async def test_a_delegation_that_expired_meanwhile_is_ended(after: After) -> None:
    async with after.service.working() as app:
        await after.service.strikes(app, "expire")
        await until(lambda: ended(after))
    assert len(await after.of("up", "/delegations")) == 1


async def ended(after: After) -> bool:
    return "delegation.expired" in await after.kinds("up")
