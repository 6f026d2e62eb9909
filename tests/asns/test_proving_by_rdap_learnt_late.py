"""Time 4.1: of a prefix whose registrant was learnt a moment ago RDAP proves no AS number.

RDAP names a buyer before a file does: the seller would have the buyer's number.
"""

from dataclasses import replace
from datetime import timedelta

from byoip.domain.checks.evidence import CheckState
from byoip.domain.watch.levels import Signal
from byoip.domain.watch.remembered import BORNE_OUT, Remembered
from tests.asns.conftest import numbers
from tests.asns.test_proving_by_rdap import Registered, missing, registered

__all__ = ["numbers", "registered"]  # fixtures


async def learnt_now(registered: Registered) -> None:
    made = registered.numbers
    [view] = await made.reader.claims(made.account_id, after=None, limit=2)
    async with made.store.transaction() as tx:
        watch = (await tx.watches.of(view.claim.id))[Signal.HOLDER]
        named = replace(Remembered.read(watch.baseline), learnt_at=tx.now.isoformat())
        await tx.watches.put(view.claim.id, replace(watch, baseline=named.kept()))


async def test_whom_rdap_named_a_moment_ago_has_it_only_once_files_have_borne_that_out(
    registered: Registered,
) -> None:
    await learnt_now(registered)
    await missing(registered)
    registered.numbers.clock.advance(BORNE_OUT - timedelta(days=1))
    await registered.file()
    [own] = await registered.numbers.reads.page(registered.numbers.account_id, after=None, limit=2)
    assert (await registered.validate(own)).state is CheckState.MISSING
    registered.numbers.clock.advance(timedelta(days=1))
    await registered.file()
    assert (await registered.validate(own)).state is CheckState.VALID


async def test_a_file_of_then_bears_nothing_out_however_long_it_is_in_use(
    registered: Registered,
) -> None:
    """As where a registry's server has nothing newer, or somebody keeps it away from us."""
    await learnt_now(registered)
    await missing(registered)
    registered.numbers.clock.advance(2 * BORNE_OUT)
    [own] = await registered.numbers.reads.page(registered.numbers.account_id, after=None, limit=2)
    assert (await registered.validate(own)).state is CheckState.MISSING
    await registered.file()
    assert (await registered.validate(own)).state is CheckState.VALID
