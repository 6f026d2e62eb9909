"""Time 4.1 on the command line: an AS number of one's own, against a running API over loopback."""

import json
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from byoip.domain.accounts.account import Account
from byoip.usecases.asns import own_asns
from byoip_cli.faults import CommandFailed, Status
from tests.accounts import Accounts
from tests.cli.test_operator import WHY, Shell, shell
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


async def operators(shell: Shell, *words: str) -> Any:
    return json.loads(await shell.says("asns", *words, "--json"))


async def test_the_operator_lists_approves_revokes_and_sees_the_as_set(customer: Shell) -> None:
    await says(customer, "add", "3320")
    made = json.loads(await says(customer, "show", "3320", "--json"))
    listed = await customer.says("asns", "list")
    assert all(one in listed for one in (made["id"], "[bold]Example", "3320", "pending"))
    assert await operators(customer, "list") == [made]
    assert await operators(customer, "list", "--account", "[bold]Example") == [made]
    approved = await operators(customer, "approve", "AS3320", *WHY)
    assert (approved["proven_by"], approved["evidence"]) == ("operator", "a ticket")
    added = await run(customer, "prefixes", "add", "31.0.0.0/23", "--asn", "3320")
    assert added.exit_code == Status.DONE, (added.output, added.exception)
    assert (await operators(customer, "as-set"))["members"] == []
    await customer.says("prefixes", "approve", "31.0.0.0/23", *WHY)
    members = await customer.says("asns", "as-set")
    assert "31.0.0.0/23" in members
    assert "members:        AS3320\n" in members, "lines to paste"
    result = await customer.run("asns", "revoke", made["id"], *WHY, "--json")
    assert json.loads(result.stdout)["asn_ownership_validation_state"] == "pending"
    touched = "AS3320 of [bold]Example: the origin of 31.0.0.0/23."
    assert touched in result.stderr, "26: it says first what that touches"
    assert "own_asn_not_proven" in await customer.refused("asns", "revoke", "3320", *WHY)


async def test_the_operator_gives_an_id_where_two_accounts_have_brought_a_number(
    customer: Shell,
) -> None:
    assert await customer.refused("asns", "approve", "3320", *WHY) == (
        "No account has brought AS3320."
    )
    await says(customer, "add", "3320")
    made = json.loads(await says(customer, "show", "3320", "--json"))
    store = customer.backend.border.store
    other = Account(uuid4(), "Other", 10, datetime.now(UTC))
    await Accounts(store).create(other)
    adding = Verb(store, partial(own_asns.add, terms=customer.backend.asn_terms))
    theirs = await adding(other.id, asn=3320, by=BY)
    told = await customer.refused("asns", "approve", "3320", *WHY)
    assert "2 accounts have brought AS3320" in told
    assert made["id"] in told
    assert theirs.id.hex in told
    assert (await operators(customer, "approve", theirs.id.hex, *WHY))["proven_by"] == "operator"
