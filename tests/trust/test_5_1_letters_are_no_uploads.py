"""Trust, 5.1: a letter that the operator signed for one prefix never stands beside another."""

from functools import partial

import pytest

from byoip.domain.letters.loa_document import LoaDocumentUnknown
from byoip.usecases.claims import prefixes
from tests.store.samples import BY
from tests.usecases.conftest import world, world_engine
from tests.usecases.letters import approved, written
from tests.usecases.verbs import Verb
from tests.usecases.world import World

__all__ = ["world", "world_engine"]  # fixtures


async def test_our_own_letter_is_no_document_of_another_prefix(world: World) -> None:
    letter = await written(world, await approved(world))
    submit = Verb(world.store, partial(prefixes.submit, terms=world.terms))
    with pytest.raises(LoaDocumentUnknown):
        await submit(
            world.account_id,
            cidr="31.9.0.0/23",
            asn=64500,
            description="",
            delegate_loa_creation=False,
            loa_document_id=letter.document_id,
            by=BY,
        )
