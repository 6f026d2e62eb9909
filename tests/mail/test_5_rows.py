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


async def counted(mailed: Mailed) -> dict[str, float]:
    name = "byoip_mail_addresses"
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
