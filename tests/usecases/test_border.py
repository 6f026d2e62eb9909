"""The one way in for writes: a front of plain text uses it as the API does."""

from dataclasses import dataclass, field
from uuid import UUID

import pytest

from byoip.domain.claims.claim import OverlapsOwnClaim
from byoip.domain.errors import Refusal
from byoip.domain.history import Actor
from byoip.domain.idempotency import AlreadyAnswered, IdempotencyKey, StoredAnswer
from byoip.domain.precondition import Precondition, PreconditionFailed
from byoip.store.claims.views import ClaimView
from byoip.usecases.border import Border, Verb, WriteRequest
from byoip.usecases.claims import prefixes
from tests.accounts import Accounts
from tests.store.samples import credential
from tests.usecases.world import CIDR, World


@dataclass
class TextFront:
    """Says lines of text, and nothing of HTTP."""

    border: Border
    said: list[str] = field(default_factory=list)

    async def do(self, verb: Verb[ClaimView], *, if_match: Precondition | None = None) -> None:
        request = WriteRequest(Actor("text:alice", "line-1"), if_match or Precondition())
        try:
            self.said.append(await self.border.write(request, verb, _line))
        except Refusal as refusal:
            self.said.append(f"refused: {refusal.name}")


def _line(view: ClaimView) -> str:
    return f"{view.claim.prefix} is {view.claim.state.value}, version {view.claim.version}"


def bring(world: World, account_id: UUID | None = None) -> Verb[ClaimView]:
    return lambda tx: prefixes.submit(
        tx,
        account_id or world.account_id,
        terms=world.terms,
        cidr=CIDR,
        asn=64500,
        description="",
        delegate_loa_creation=False,
    )


async def test_a_front_of_plain_text_drives_a_verb(world: World) -> None:
    front = TextFront(Border(world.store))
    await front.do(bring(world))
    await front.do(bring(world))
    assert front.said == [f"{CIDR} is pending, version 1", f"refused: {OverlapsOwnClaim.name}"]
    [claim] = [
        view.claim for view in await world.reader.claims(world.account_id, after=None, limit=9)
    ]
    [event] = await world.events(claim)
    assert (event.kind, event.actor, event.request_id) == ("prefix.created", "text:alice", "line-1")


async def test_it_holds_the_precondition(world: World) -> None:
    front, claim = TextFront(Border(world.store)), await world.claim()
    for version in (claim.version + 1, claim.version):
        await front.do(
            lambda tx: prefixes.describe(tx, claim.account_id, claim.id, description="new"),
            if_match=Precondition(frozenset({version})),
        )
    assert front.said[0] == f"refused: {PreconditionFailed.name}"
    assert front.said[1].endswith(f"version {claim.version + 1}")


async def test_what_cannot_be_rendered_is_not_kept(world: World) -> None:
    def fails(_: ClaimView) -> str:
        raise ZeroDivisionError

    request = WriteRequest(Actor("text:alice", "line-1"))
    before = await world.everything()
    with pytest.raises(ZeroDivisionError):
        await Border(world.store).write(request, bring(world), fails)
    assert await world.everything() == before


async def test_a_key_needs_a_front_whose_answers_can_be_stored(world: World) -> None:
    made = credential(world.account_id)
    await Accounts(world.store).add_credential(made, "secret")
    key = IdempotencyKey(made.id, "POST", "/prefixes", "key", b"1" * 32)
    request = WriteRequest(Actor("text:alice", "line-1"), key=key)
    border, before = Border(world.store), await world.everything()
    with pytest.raises(TypeError, match="stored answers"):
        await border.write(request, bring(world), _line)
    assert await world.everything() == before
    kept = StoredAnswer(201, b"kept")
    assert await border.write(request, bring(world), _line, keep=lambda _: kept) == (
        f"{CIDR} is pending, version 1"
    )
    with pytest.raises(AlreadyAnswered) as again:
        await border.write(request, bring(world), _line, keep=lambda _: kept)
    assert again.value.answer == kept
