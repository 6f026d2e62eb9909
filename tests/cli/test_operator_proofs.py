"""Until when an operator's approval counts as a proof, on the command line."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from byoip.domain.history import Actor
from byoip.usecases.bindings import bindings
from tests.cli.test_operator import WHY, Shell, first_id, shell
from tests.usecases.verbs import Verb

__all__ = ["shell"]  # a fixture


async def test_the_end_of_an_approval(shell: Shell) -> None:
    made = await shell.claim("31.5.0.0/23")
    end = (datetime.now(UTC) + timedelta(days=20)).strftime("%Y-%m-%dT%H:%M:%SZ")
    await shell.says("prefixes", "approve", made, *WHY, "--proof-ends-at", end)
    assert made in await shell.says("prefixes", "proofs")
    shown = end.replace("T", " ")
    assert shown in await shell.says("prefixes", "watch", made)
    assert shown not in await shell.says("prefixes", "end-proof", made, *WHY)
    assert made not in await shell.says("prefixes", "proofs")
    assert "(proof_end_too_soon" in await shell.refused(
        "prefixes", "end-proof", made, *WHY, "--at", "2026-01-31T12:00:00Z"
    )


async def test_a_route_is_announced_only_under_a_freeze(shell: Shell) -> None:
    made = await shell.claim("31.6.0.0/23")
    await shell.says("prefixes", "approve", made, *WHY)
    service = next(iter(await shell.backend.reader.services()))
    await Verb(shell.backend.border.store, bindings.bind)(
        *(shell.account_id, UUID(made)),
        cidr="31.6.0.0/23",
        service_id=service.id,
        by=Actor("test", "1"),
    )
    route = first_id(await shell.says("prefixes", "routes", made))
    command = "prefixes", "announce-route", made, route, *WHY
    assert "(not_frozen)" in await shell.refused(*command)
