"""The job that watches approved prefixes: it asks with the parts that validation runs ask with."""

from byoip.composition.process import Composition
from byoip.usecases.checks.perspectives.elsewhere import Elsewhere
from byoip.usecases.checks.responsible import Registries
from byoip.usecases.watch.hear_roas import HearRoas
from byoip.usecases.watch.hear_statistics import HearStatistics
from byoip.usecases.watch.keep_proofs import KeepProofs
from byoip.usecases.watch.look import Look
from byoip.usecases.watch.watch_prefixes import WatchPrefixes

_SECONDS = 20.0


def watch_prefixes_of(composition: Composition, elsewhere: Elsewhere) -> WatchPrefixes:
    """The use case, around one process's parts and what asks other places."""
    store, ask = composition.store, composition.ask(deadline=_SECONDS)
    data = None if ask.holder is None else ask.holder.data
    known = Registries(ask.registries, ask.overrides, ask.countries)
    return WatchPrefixes(
        store,
        composition.clock,
        HearRoas(store),
        HearStatistics(store, known, data),
        Look(store, ask.registry, composition.dns, ask.label, ask.registries, data, elsewhere),
        KeepProofs(store, composition.clock, composition.settings.proof_period),
    )
