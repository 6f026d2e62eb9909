from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.account import Account
from byoip.domain.checks.rpki_watch import RpkiWatch
from byoip.domain.claims.claim import Claim
from byoip.domain.letters.letter import (
    VALIDITY,
    Letter,
    LetterNotFound,
    LetterReference,
    RevokedBecause,
)
from byoip.domain.letters.loa_document import DocumentName, LoaDocument, LoaDocumentNotFound
from byoip.store.figures import fold_figures
from byoip.store.gauges import Gauges
from byoip.store.letters.letter_reader import LetterReader
from byoip.store.transaction import Store
from byoip.store.unavailable import StoreRefused
from tests.accounts import Accounts
from tests.domain.letters import letter, letter_facts
from tests.domain.samples import NOW
from tests.store.samples import account, claim, passed, undone

PDF = b"%PDF-1.7\n\x00\xff"


def document(account_id: UUID, **changes: Any) -> LoaDocument:
    made = LoaDocument(
        id=uuid4(),
        account_id=account_id,
        filename=DocumentName.of("ours.pdf"),
        size=len(PDF),
        sha256=sha256(PDF).hexdigest(),
        auto_generated=False,
        verified=False,
        verified_at=None,
        created_at=NOW,
    )
    return replace(made, **changes)


@pytest.fixture
async def owned(store: Store, customer: Account) -> Claim:
    made = claim(customer.id)
    async with store.transaction() as tx:
        await tx.claims.add(made)
    return made


@pytest.fixture
def letters(engine: AsyncEngine) -> LetterReader:
    return LetterReader(engine)


async def issue(store: Store, owned: Claim, *, supersedes: Letter | None = None) -> Letter:
    """A letter with its document."""
    now = datetime.now(UTC)
    kept = document(owned.account_id, auto_generated=True, verified=True, verified_at=now)
    made = letter(
        facts=letter_facts(
            reference=LetterReference(uuid4().hex),
            prefix=owned.prefix,
            issued_at=now,
            valid_until=now + VALIDITY,
        ),
        claim_id=owned.id,
        account_id=owned.account_id,
        document_id=kept.id,
        sha256=kept.sha256,
    )
    if supersedes:
        later = supersedes.facts.issued_at + timedelta(days=335)
        valid_until = later + timedelta(days=365)
        facts = replace(made.facts, issued_at=later, valid_until=valid_until)
        made = replace(made, facts=facts)
    async with store.transaction() as tx:
        await tx.loa_documents.add(kept, PDF)
        if supersedes:
            await tx.letters.save(supersedes.supersede(made.reference))
        await tx.letters.add(made)
    return made


async def test_a_document_is_its_accounts_alone(
    store: Store, customer: Account, accounts: Accounts, letters: LetterReader
) -> None:
    await accounts.create(other := account())
    kept = document(customer.id)
    async with store.transaction() as tx:
        await tx.loa_documents.add(kept, PDF)
    async with store.transaction() as tx:
        assert await tx.loa_documents.get(kept.id, customer.id) == kept
        with pytest.raises(LoaDocumentNotFound):
            await tx.loa_documents.get(kept.id, other.id)
    assert await letters.document(customer.id, kept.id) == (kept, PDF)
    with pytest.raises(LoaDocumentNotFound):
        await letters.document(other.id, kept.id)


async def test_only_uploads_count_towards_the_quota(store: Store, owned: Claim) -> None:
    await issue(store, owned)
    async with store.transaction() as tx:
        assert await tx.loa_documents.held(owned.account_id) == 0
        await tx.loa_documents.add(document(owned.account_id), PDF)
        assert await tx.loa_documents.held(owned.account_id) == 1


async def test_a_claim_cannot_refer_to_another_accounts_document(
    store: Store, customer: Account, accounts: Accounts
) -> None:
    await accounts.create(other := account())
    kept = document(other.id)
    async with undone(store) as tx:
        await tx.loa_documents.add(kept, PDF)
        await tx.claims.add(replace(claim(customer.id), loa_document_id=kept.id))
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            await tx.session.flush()


async def test_a_letter_is_read_as_it_was_kept(
    store: Store, owned: Claim, letters: LetterReader
) -> None:
    made = await issue(store, owned)
    assert await letters.letter(made.reference) == made
    watched = replace(made, rpki=RpkiWatch(7, NOW, NOW + timedelta(hours=1)))
    revoked = watched.revoke(RevokedBecause.OPERATOR, NOW)
    async with store.transaction() as tx:
        await tx.letters.save(revoked)
    async with store.transaction() as tx:
        assert await tx.letters.get(made.reference) == revoked
        assert await tx.letters.of(owned.id) == [revoked]
        with pytest.raises(LetterNotFound):
            await tx.letters.get(LetterReference("0" * 32))
    with pytest.raises(LetterNotFound):
        await letters.letter(LetterReference("0" * 32))


async def test_the_newest_letter_comes_first_and_it_alone_stands(
    store: Store, owned: Claim
) -> None:
    old = await issue(store, owned)
    new = await issue(store, owned, supersedes=old)
    async with store.transaction() as tx:
        assert await tx.letters.of(owned.id) == [new, old.supersede(new.reference)]
        assert await tx.letters.standing(10, None) == [new]
        assert await tx.letters.standing(10, new.reference) == []
        assert await tx.letters.standing(0, None) == []


async def test_without_an_approving_run_there_is_nothing_to_state(
    store: Store, owned: Claim
) -> None:
    async with store.transaction() as tx:
        assert await tx.letters.grounds(owned.id) is None


async def test_a_route_never_has_two_letters_that_stand(store: Store, owned: Claim) -> None:
    await issue(store, owned)
    with pytest.raises(StoreRefused, match="uq_letters_standing"):
        await issue(store, owned)


async def test_a_letter_is_superseded_only_by_one_that_exists(store: Store, owned: Claim) -> None:
    old = await issue(store, owned)
    with pytest.raises(StoreRefused, match="fk_letters_superseded_by"):  # when it commits
        async with store.transaction() as tx:
            await tx.letters.save(old.supersede(LetterReference("0" * 32)))


KEPT = [
    ("DELETE FROM letters", "letters_never_deleted"),
    ("DELETE FROM loa_documents", "loa_documents_never_deleted"),
    ("UPDATE loa_documents SET content = 'forged'", "loa_documents_fixed"),
    ("UPDATE letters SET facts = '{}'", "letters_fixed"),
    ("UPDATE letters SET valid_until = valid_until + interval '1 year'", "letters_fixed"),
    ("UPDATE letters SET revoked_at = NULL, revoked_because = NULL", "letters_stay_revoked"),
    ("UPDATE letters SET revoked_because = 'rpki'", "letters_stay_revoked"),
]


@pytest.mark.parametrize(("statement", "trigger"), KEPT, ids=[case[0] for case in KEPT])
async def test_what_a_letter_says_stays(
    store: Store, owned: Claim, engine: AsyncEngine, statement: str, trigger: str
) -> None:
    made = await issue(store, owned)
    async with store.transaction() as tx:
        await tx.letters.save(made.revoke(RevokedBecause.OPERATOR, NOW))
    async with engine.connect() as connection:
        with pytest.raises(IntegrityError) as refused:
            await connection.execute(text(statement))
    assert isinstance(refused.value.orig, psycopg.Error)
    assert refused.value.orig.diag.constraint_name == trigger


async def test_nothing_is_left_of_a_letter_that_was_not_committed(
    store: Store, owned: Claim
) -> None:
    kept = document(owned.account_id)
    async with undone(store) as tx:
        await tx.loa_documents.add(kept, PDF)
        await tx.jobs.enqueue_letter(owned.id)
    async with store.transaction() as tx:
        assert await tx.loa_documents.held(owned.account_id) == 0


async def test_a_letter_that_is_wanted_and_not_there_is_counted(
    store: Store, owned: Claim, engine: AsyncEngine
) -> None:
    figures = Gauges(engine)

    async def owed() -> float:
        await fold_figures(engine)
        [found] = [one for one in await figures.read() if one.name == "byoip_letters_owed"]
        [(_, count)] = found.values
        return count

    assert await owed() == 0
    wanting = replace(owned, delegate_loa_creation=True, ownership=passed(NOW)).approve(NOW)
    async with store.transaction() as tx:
        await tx.claims.save(wanting)
    assert await owed() == 1
    made = await issue(store, owned)
    assert await owed() == 0
    async with store.transaction() as tx:
        await tx.letters.save(made.revoke(RevokedBecause.RPKI, NOW))
    assert await owed() == 1
