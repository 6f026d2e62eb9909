"""`byoip advertise unreleased` and `release`: what waits since a restore, and a person's word."""

from byoip.domain.history import Actor
from byoip.domain.prefix import Prefix
from byoip.usecases.speakers.forget_applied import forget_applied
from tests.announcing import Fleet
from tests.cli.test_advertise import WHY, run, says, with_fleet

BY = ["--name", "A. Person", *WHY]
FIRST, SECOND, THIRD = (f"31.0.{number}.0/24" for number in range(3))


async def restored(fleet: Fleet) -> None:
    """Three routes of a backup; origin validation has an answer about two of them."""
    await fleet.add(FIRST, SECOND, THIRD, advertised=True)
    async with fleet.store.transaction(actor=Actor("cli", "cli-1")) as tx:
        await forget_applied(tx, name="A", reason="last night's backup")
    await fleet.do(
        "UPDATE bgp_prefixes SET last_valid_at = now() WHERE cidr <> :one",
        one=Prefix.parse(THIRD).network,
    )


def waiting(database_url: str) -> set[str]:
    listed = says(database_url, "unreleased")
    return {one for one in (FIRST, SECOND, THIRD) if one in listed}


def test_what_waits_since_a_restore_is_listed_and_released_on_a_word(database_url: str) -> None:
    with_fleet(database_url, restored)
    listed = says(database_url, "unreleased")
    for one in (FIRST, SECOND, THIRD):
        (line,) = (line for line in listed.splitlines() if one in line)
        assert "never" in line  # seen by any listener
        assert "approved, ok" in line
        assert "unanswered" in line
    assert run(database_url, "release", *BY).exit_code == 2
    assert run(database_url, "release", FIRST, "--all", *BY).exit_code == 2
    assert f"Released: 1.\n  {FIRST}\n" in says(database_url, "release", FIRST, *BY)
    assert waiting(database_url) == {SECOND, THIRD}
    done = says(database_url, "release", "--all", *BY)
    assert f"Released: 1.\n  {SECOND}\n" in done
    assert "Refused: 1." in done
    assert waiting(database_url) == {THIRD}
