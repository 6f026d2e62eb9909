"""What asks other places about proofs: workers and the API do, and need the key for it."""

from datetime import timedelta

from byoip.adapters.perspectives.within_budget import WithinBudget
from byoip.composition.perspectives import clients_of
from byoip.composition.process import Composition
from byoip.store.checks.place_sightings import PlaceSightings
from byoip.store.checks.registry_budget import PostgresRegistryBudget
from byoip.store.speakers.routes import Routes
from byoip.usecases.checks.perspectives.corroborate import Corroborate
from byoip.usecases.checks.perspectives.notice import NoticePerspectives


def elsewhere_of(composition: Composition, *, patience: float = 30.0) -> Corroborate:
    """What asks other places about what passed here; it has none without perspectives.

    Args:
        composition: of this process.
        patience: seconds for all places.

    Raises:
        SettingsError: our key cannot be used.
    """
    settings, clock = composition.settings, composition.clock
    clients = clients_of(settings, clock, composition.outside.network)
    routes, kept = Routes(composition.engine), PlaceSightings(composition.engine)
    notice = NoticePerspectives(routes, kept, clock) if clients else None
    budget = PostgresRegistryBudget(composition.engine, remember=timedelta(0))
    asked = [WithinBudget(one, budget, clock) for one in clients]
    decide = settings.perspectives_decide
    return Corroborate(asked, decide=decide, patience=patience, notice=notice)
