"""Time 4.1 on the command line: an AS number of one's own, against a running API over loopback."""

import json
from functools import partial
from uuid import UUID

from byoip.usecases.asns import own_asns
from byoip_cli.faults import CommandFailed, Status
from tests.cli.test_operator import Shell, shell
from tests.cli.test_webhooks import customer, run
from tests.store.samples import BY
from tests.usecases.verbs import Verb

__all__ = ["customer", "shell"]  # fixtures


async def says(shell: Shell, *words: str) -> str:
    result = await run(shell, "asns", *words)
    assert result.exit_code == Status.DONE, (result.output, result.exception)
    return result.output


async def ends(shell: Shell, *words: str) -> tuple[int, str]:
    """The status of a command that does not do all it should, and what it says."""
    result = await run(shell, "asns", *words)
    if isinstance(result.exception, CommandFailed):
        return result.exception.status, str(result.exception)
    return result.exit_code, result.output


async def test_a_number_is_brought_checked_and_given_up(customer: Shell) -> None:
    said = await says(customer, "add", "AS3320")
    assert "AS3320  asn_ownership: pending" in said
    assert "remarks:        byoip-validation: " in said
    assert "Next: byoip asns check 3320" in said
    made = json.loads(await says(customer, "show", "3320", "--json"))
    assert made["asn_ownership_validation_token"] in said
    assert json.loads(await says(customer, "list", "--json")) == [made]
    assert "3320" in await says(customer, "show", made["id"])
    code, told = await ends(customer, "check", "as3320")
    assert code == Status.WAITS
    assert "not loaded for every registry" in told
    again = await says(customer, "token", "3320")
    assert "byoip-validation: " in again
    assert made["asn_ownership_validation_token"] not in again
    await says(customer, "remove", "3320")
    assert json.loads(await says(customer, "list", "--json")) == []


async def test_a_proven_one_ends_with_0_and_says_by_what(customer: Shell) -> None:
    await says(customer, "add", "3320")
    made = json.loads(await says(customer, "show", "3320", "--json"))
    backend = customer.backend
    approving = Verb(backend.border.store, partial(own_asns.approve, terms=backend.asn_terms))
    await approving(UUID(made["id"]), reason="Contract 4711.", by=BY)
    assert "Contract 4711." in await says(customer, "check", "3320")


async def test_what_cannot_be_is_said_in_a_sentence(customer: Shell) -> None:
    assert await ends(customer, "show", "3320") == (
        Status.NOT_FOUND,
        "This account has no AS3320; `byoip asns add 3320` brings it.",
    )
    code, told = await ends(customer, "add", "64512")
    assert (code, "own_asn_refused" in told) == (Status.REFUSED, True)
    code, told = await ends(customer, "add", "DTAG")
    assert (code, "DTAG is no AS number" in told) == (Status.USAGE, True)
