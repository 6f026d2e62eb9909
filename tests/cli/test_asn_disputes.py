"""Time 4.1 on the command line: an operator lists, reads and decides disputes about AS numbers."""

import json
from datetime import UTC, datetime
from uuid import uuid4

from byoip.domain.accounts.account import Account
from byoip_cli.faults import Status
from tests.accounts import Accounts
from tests.asns.disputes import contest
from tests.cli.test_asns import ends, says
from tests.cli.test_operator import WHY, Shell, shell
from tests.cli.test_webhooks import customer

__all__ = ["customer", "shell"]  # fixtures


async def test_an_operator_lists_reads_and_decides_one(customer: Shell) -> None:
    backend = customer.backend
    other = Account(uuid4(), "Other", 10, datetime.now(UTC))
    await Accounts(backend.border.store).create(other)
    own, _ = await contest(backend.border.store, backend.asn_terms, customer.account_id, other.id)
    listed = await customer.says("asn-disputes", "list")
    assert all(one in listed for one in ("3320", "[bold]Example", "Other"))
    shown = await customer.says("asn-disputes", "show", "AS3320")
    assert all(one in shown for one in ("side", "claimant", "It carries it.", "recommended"))
    (row,) = json.loads(await customer.says("asn-disputes", "list", "--json"))
    read = json.loads(await customer.says("asn-disputes", "show", row["id"], "--json"))
    assert (read["holder"]["asn_id"], read["prefixes"]) == (own.id.hex, [])
    code, told = await ends(customer, "check", "3320")
    assert code == Status.DONE
    assert "Another account has proven this number, too. You keep it" in told
    refused = await customer.refused("asn-disputes", "decide", "3320", "claimant", *WHY)
    assert "dispute_too_young" in refused
    decided = json.loads(
        await customer.says("asn-disputes", "decide", "3320", "claimant", "--early", *WHY, "--json")
    )
    assert (decided["ended"], decided["asn"]) == ("claimant", 3320)
    assert "No route goes by itself" in decided["follows"]
    assert "invalid" in await says(customer, "show", "3320")
    told = await customer.refused("asn-disputes", "show", "3320")
    assert "No dispute about AS3320 is open." in told
