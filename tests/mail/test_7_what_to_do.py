"""A mail about a level, a freeze, a dispute or a move says what to do about it, and until when."""

import pytest

from byoip.domain.claims.claim import Claim
from byoip.domain.watch.freezing import how_lifted
from byoip.domain.watch.levels import LADDERS, Signal
from tests.mail.mailed import Mailed
from tests.mail.servers import MailServer


@pytest.mark.parametrize("signal", Signal)
async def test_each_signal_says_what_it_means(
    mailed: Mailed, claim: Claim, server: MailServer, signal: Signal
) -> None:
    await mailed.verified(server)
    await mailed.happen(claim, "watch.raised", signal=signal.value, level="warn")
    await mailed.happen(claim, "prefix.frozen", signal=signal.value, frozen_for=[signal.value])
    await mailed.told()
    [got] = server.got
    assert LADDERS[signal].means in got.text
    assert how_lifted([signal]) in got.text


async def test_of_a_signal_that_is_not_known_nothing_is_said(
    mailed: Mailed, claim: Claim, server: MailServer
) -> None:
    await mailed.verified(server)
    await mailed.happen(claim, "watch.raised", signal="moon_phase", level="warn")
    await mailed.happen(claim, "prefix.frozen", signal="moon_phase", frozen_for=["moon_phase"])
    await mailed.told()
    [got] = server.got
    assert "level warn" in got.text
    assert "validation_tokens" not in got.text


async def test_a_dispute_says_until_when_its_holder_may_answer(
    mailed: Mailed, claim: Claim, server: MailServer
) -> None:
    await mailed.verified(server)
    until = "2026-11-29T09:30:00+00:00"
    await mailed.happen(claim, "dispute.opened", side="holder", decide_from=until)
    await mailed.told()
    [got] = server.got
    assert f"side holder, decide_from {until}" in got.text
