"""Ship, 5: a worker that is told not to reconcile takes no turn, whatever speakers it knows."""

import pytest

from byoip.composition import external_services
from byoip.composition.process import Composition
from byoip.composition.speaking import reconciler_of
from byoip.settings.loader import read_settings
from byoip.settings.notes import speaker_notes


@pytest.mark.parametrize(("told", "reconciles"), [("true", True), ("false", False)])
async def test_only_a_worker_that_may_has_a_reconciler(told: str, reconciles: bool) -> None:
    settings = read_settings({"BYOIP_SPEAKERS": "127.0.0.1:9", "BYOIP_RECONCILE": told})
    url = "postgresql://byoip@127.0.0.1:9/byoip"
    composition = Composition(settings, url, "production", external_services(settings))
    async with reconciler_of(composition) as found:
        assert (found is not None) is reconciles
    await composition.close()
    off = any(note.startswith("reconcile: off") for note in speaker_notes(settings))
    assert off is not reconciles
