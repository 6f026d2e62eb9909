"""`byoip operator prefixes waive` and what belongs to it, against a running API."""

from datetime import UTC, datetime, timedelta

from tests.cli.test_operator import WHY, Shell, first_id, shell

__all__ = ["shell"]


async def test_a_waiver_is_granted_listed_and_ended(shell: Shell) -> None:
    claim = await shell.claim("32.9.0.0/24")
    until = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")

    said = await shell.says("prefixes", "waive", claim, "irr", "--until", until, *WHY)

    waiver = first_id(said)
    assert waiver in await shell.says("prefixes", "waivers", claim)
    await shell.says("prefixes", "end-waiver", claim, waiver, *WHY)
    assert waiver not in await shell.says("prefixes", "waivers", claim)
    refused = await shell.refused("prefixes", "end-waiver", claim, waiver, *WHY)
    assert "(waiver_not_found)" in refused
