"""Routes 5.2: an offboarding that waits until a route is gone is in no run of the job."""

from tests.rules.estate import Estate


async def test_no_run_lists_it_while_a_speaker_holds_its_route_as_an_orphan(
    estate: Estate,
) -> None:
    claim = await estate.advertised(await estate.account())
    await estate.offboard(claim)
    await estate.run(_ORPHAN, id=claim.id)
    for _ in range(4):
        await estate.go_on()
    assert (await estate.up(claim), await estate.step(claim)) == (0, "confirm")
    assert await estate.one("SELECT count(*) FROM job_runs") == 1  # the one that withdrew it
    await estate.run("DELETE FROM orphan_routes")
    await estate.go_on()
    assert await estate.step(claim) == "grace"


_ORPHAN = """
    INSERT INTO orphan_routes (speaker, cidr, path, found_at, seen_at)
    SELECT 'speaker', cidr, '{}', now(), now() FROM bgp_prefixes WHERE prefix_id = :id
"""
