"""Mail 5: what is counted for metrics, and what is deleted in time."""

from datetime import timedelta

import sqlalchemy as sa

from byoip.domain.claims.claim import Claim
from byoip.store.figures import fold_figures
from byoip.store.gauges import Gauges
from byoip.store.mail.sending import prune
from byoip.usecases.mail import addresses
from tests.mail.mailed import Mailed
from tests.mail.servers import MailServer, saying

DRIFTED = "rpki.drifted"


async def counted(mailed: Mailed, name: str = "byoip_mail_addresses") -> dict[str, float]:
    [gauge] = [one for one in await Gauges(mailed.engine).read() if one.name == name]
    return {label: value for label, value in gauge.values if value}


async def test_5_addresses_are_counted_by_state(
    mailed: Mailed, claim: Claim, server: MailServer
) -> None:
    one = await mailed.address()
    assert await counted(mailed) == {"pending": 1}
    await mailed.send()
    await mailed.do(addresses.verify, one, code=server.got[-1].code)
    assert await counted(mailed) == {"active": 1}
    server.faults["RCPT"] = saying(b"450 4.2.1 busy\r\n")
    await mailed.happen(claim, DRIFTED)
    await mailed.told()
    assert await counted(mailed) == {"failing": 1}
    server.faults["RCPT"] = saying(b"554 5.7.1 relay access denied\r\n")
    await mailed.told()
    assert await counted(mailed) == {"held_up": 1}
    await fold_figures(mailed.engine)
    assert await counted(mailed) == {"held_up": 1}
    server.faults["RCPT"] = saying(b"550 5.1.1 no such user\r\n")
    mailed.clock.advance(timedelta(hours=1))
    await mailed.send()
    assert await counted(mailed) == {"parked": 1}
    await mailed.do(addresses.remove, one)
    assert await counted(mailed) == {}


async def overdue(mailed: Mailed) -> float:
    await fold_figures(mailed.engine)
    return (await counted(mailed, "byoip_mail_overdue")).get("", 0)


async def test_5_what_no_worker_sends_is_overdue_after_minutes(
    mailed: Mailed, claim: Claim, server: MailServer
) -> None:
    """By the database's clock: so what is about to be sent lies in the past."""
    mailed.clock.advance(-timedelta(minutes=4))
    one = await mailed.address()
    assert await overdue(mailed) == 0
    mailed.clock.advance(-timedelta(hours=1))
    other = await mailed.address("other@example.net")
    assert await overdue(mailed) == 1
    await mailed.do(addresses.remove, other)
    mailed.clock.advance(timedelta(hours=1))
    await mailed.send()
    mailed.clock.advance(-timedelta(hours=1))
    await mailed.do(addresses.verify, one, code=server.got[-1].code)
    assert await overdue(mailed) == 0  # there are no news
    await mailed.happen(claim, DRIFTED)
    assert await overdue(mailed) == 1
    await mailed.told()
    assert await overdue(mailed) == 0
    assert server.got[-1].message["Subject"].endswith(DRIFTED)


async def test_5_what_waits_for_its_next_attempt_is_not_overdue(
    mailed: Mailed, claim: Claim, server: MailServer
) -> None:
    await mailed.verified(server)
    server.faults["RCPT"] = saying(b"554 5.7.1 relay access denied\r\n")
    await mailed.happen(claim, DRIFTED)
    await mailed.told()
    assert await counted(mailed) == {"held_up": 1}
    assert await overdue(mailed) == 0


async def test_5_of_a_code_only_a_hash_is_kept(mailed: Mailed, server: MailServer) -> None:
    await mailed.address()
    await mailed.send()
    async with mailed.store.transaction() as tx:
        rows = await tx.connection.execute(sa.text("SELECT * FROM mail_addresses"))
        assert server.got[-1].code not in str(rows.all())


async def test_5_ended_ones_are_deleted_after_a_month(mailed: Mailed) -> None:
    one = await mailed.address()
    await mailed.address("other@example.net")
    await mailed.do(addresses.remove, one)
    mailed.clock.advance(timedelta(days=29))
    assert await prune(mailed.engine, mailed.clock.now()) == 0
    mailed.clock.advance(timedelta(days=2))
    assert await prune(mailed.engine, mailed.clock.now()) == 1
