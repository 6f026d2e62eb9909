"""An issued letter in the database of the API's tests."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from byoip.domain.letters.letter import Letter, LetterReference
from byoip.domain.letters.loa_document import DocumentName, LoaDocument
from byoip.domain.prefix import Prefix
from tests.api.world import World
from tests.domain.letters import letter, letter_facts
from tests.pdfs import pdf


async def issued(world: World, **changes: Any) -> Letter:
    """A letter for a fresh approved prefix, kept with its document; valid for an hour."""
    prefix_id, cidr = await world.approved()
    now = world.clock.now()
    prefix = Prefix.parse(cidr)
    everyday = letter_facts()
    facts = replace(
        everyday,
        reference=LetterReference(uuid4().hex),
        prefix=prefix,
        roas=tuple(replace(one, prefix=prefix) for one in everyday.roas),
        issued_at=now,
        valid_until=now + timedelta(hours=1),
        **changes,
    )
    document = LoaDocument(
        id=uuid4(),
        account_id=world.account_id,
        filename=DocumentName.of_letter(facts.prefix, facts.origin),
        size=len(pdf()),
        sha256=sha256(pdf()).hexdigest(),
        auto_generated=True,
        verified=True,
        verified_at=now,
        created_at=now,
    )
    made = letter(
        facts=facts,
        claim_id=UUID(prefix_id),
        account_id=world.account_id,
        document_id=document.id,
        sha256=document.sha256,
    )
    async with world.store.transaction() as tx:
        await tx.loa_documents.add(document, pdf())
        await tx.letters.add(made)
    return made


async def saved(world: World, changed: Letter) -> None:
    async with world.store.transaction() as tx:
        await tx.letters.save(changed)
