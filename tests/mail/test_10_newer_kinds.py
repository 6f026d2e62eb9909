"""Mail 10: a worker leaves to the next version's what that has written and this one cannot tell."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.claims.claim import Claim
from byoip.domain.mail.addressee import Addressee
from byoip.domain.mail.notice import NoticeKind
from byoip.store.engine import make_engine
from tests.mail.mailed import Mailed
from tests.mail.servers import MailServer

NEWER = "moon.risen"


@pytest.fixture
async def engine(cloned_url: str) -> AsyncIterator[AsyncEngine]:
    """Its own, whose tables change."""
    made = make_engine(cloned_url)
    yield made
    await made.dispose()


async def notice(mailed: Mailed, one: Addressee, kind: str, mailing: str | None = None) -> None:
    """As a worker of the next version, whose migration has run."""
    async with mailed.store.transaction() as tx:
        known = "ALTER TABLE mail_notices DROP CONSTRAINT IF EXISTS ck_mail_notices_kind"
        await tx.connection.execute(sa.text(known))
        written = sa.text("""
            INSERT INTO mail_notices (id, address_id, kind, about, at, after, mailing)
            VALUES (gen_random_uuid(), :of, :kind, gen_random_uuid(), :at, '{}', :mailing)
        """)
        given = {"of": one.id, "kind": kind, "at": mailed.clock.now(), "mailing": mailing}
        await tx.connection.execute(written, given)


async def kinds(mailed: Mailed) -> list[str]:
    """What waits."""
    async with mailed.store.transaction() as tx:
        rows = await tx.connection.execute(sa.text("SELECT kind FROM mail_notices ORDER BY kind"))
        return list(rows.scalars())


async def test_10_a_kind_that_this_worker_does_not_know_waits_and_holds_up_nothing(
    mailed: Mailed, claim: Claim, server: MailServer
) -> None:
    one = await mailed.verified(server)
    await notice(mailed, one, NEWER)
    await mailed.told()
    assert server.got == []
    await notice(mailed, one, NoticeKind.CREDENTIAL_EXPIRING)
    await mailed.told()
    assert [got.message["Subject"] for got in server.got] == ["The Operator: credential.expiring"]
    await mailed.happen(claim, "rpki.drifted")
    await mailed.told()
    assert server.got[1].message["Subject"] == "31.0.0.0/23: rpki.drifted"
    assert await kinds(mailed) == [NEWER]


async def test_10_a_mail_that_was_begun_with_such_a_kind_is_not_told_without_it(
    mailed: Mailed, claim: Claim, server: MailServer
) -> None:
    one, begun = await mailed.verified(server), uuid4().hex
    await notice(mailed, one, NEWER, begun)
    await notice(mailed, one, NoticeKind.CREDENTIAL_EXPIRING, begun)
    await mailed.told()
    assert server.got == []
    await mailed.happen(claim, "rpki.drifted")
    await mailed.told()
    assert [got.message["Subject"] for got in server.got] == ["31.0.0.0/23: rpki.drifted"]
    assert await kinds(mailed) == [NoticeKind.CREDENTIAL_EXPIRING, NEWER]
