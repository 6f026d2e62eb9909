"""A registry whose strangers come and go, and claims with a token in a route object there."""

import json
from datetime import datetime

from sqlalchemy import text

from byoip.domain.checks.evidence import Check, Failed, Outcome, Reason
from byoip.domain.checks.validation_run import RunResult
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.ownership_token import OwnershipToken, TokenMethod
from byoip.domain.prefix import Prefix
from byoip.ports.jobs import LOOK_FIRST
from byoip.sandbox.whois_server import WhoisServer
from byoip.store.claims.views import RunView
from tests.trust.parties import Parties
from tests.usecases.world import LABEL, ORIGIN, roa

World = tuple[Parties, WhoisServer]
CIDR, AROUND = "31.0.1.0/24", "31.0.0.0/16"
BLOCK = "inetnum: 31.0.1.0 - 31.0.1.255\nstatus: ASSIGNED PA\nmnt-by: {by}\nsource: RIPE\n"


def put(server: WhoisServer, *objects: str) -> None:
    server.put("RIPE", "\n".join(objects).encode())


def block(by: str = "LIR-MNT") -> str:
    return BLOCK.format(by=by)


def around(by: str = "TRANSIT-MNT") -> str:
    return f"route: {AROUND}\norigin: AS64511\nmnt-by: {by}\nsource: RIPE\n"


def carrying(token: OwnershipToken, *by: str) -> str:
    lines = [f"route: {CIDR}", f"origin: {ORIGIN}", f"remarks: {LABEL}: {token.value}"]
    return "\n".join((*lines, *(f"mnt-by: {one}" for one in by), "source: RIPE\n"))


def leave(server: WhoisServer) -> None:
    assert server.delete("RIPE", "route", f"{AROUND}AS64511")


async def brought(world: World, *objects: str, looked: bool = True) -> Claim:
    """A claim with a token; `objects` are at the registry by then, and a worker has `looked`."""
    parties, server = world
    put(server, *objects)
    parties.overridden, parties.looks = [(Prefix.parse(CIDR), "ripencc")], looked
    claim = await parties.claim(CIDR)
    await parties.issue(claim, TokenMethod.IRR)
    await parties.roas(roa(claim.prefix))
    return claim


def proof(run: RunView) -> Outcome:
    (outcome,) = [one.outcome for one in run.findings if one.check is Check.OWNERSHIP_IRR]
    return outcome


def too_early(run: RunView) -> Failed:
    """What it says where it did not count."""
    outcome = proof(run)
    assert run.run.result is RunResult.FAILED, outcome
    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.TOKEN_TOO_EARLY
    return outcome


async def waiting(parties: Parties, token: OwnershipToken) -> list[tuple[int, datetime | None]]:
    """The looks that are queued for a token: how often it was asked before, and when it is due."""
    asked = text(
        "SELECT args, scheduled_at FROM procrastinate.procrastinate_jobs"
        " WHERE task_name = :task AND args ->> 'token_id' = :token ORDER BY id"
    )
    async with parties.engine.connect() as connection:
        rows = await connection.execute(asked, {"task": LOOK_FIRST, "token": token.id.hex})
        return [(_args(row.args)["retries"], row.scheduled_at) for row in rows]


def _args(found: object) -> dict[str, int]:
    args: dict[str, int] = json.loads(found) if isinstance(found, str) else found  # type: ignore[assignment]
    return args
