"""What asks other places about proofs of ownership: workers do, and need the key for it."""

from byoip.composition.perspectives import clients_of
from byoip.composition.process import Composition
from byoip.store.speakers.routes import Routes
from byoip.usecases.checks.perspectives.corroborate import Corroborate
from byoip.usecases.checks.perspectives.notice import NoticePerspectives


def elsewhere_of(composition: Composition) -> Corroborate:
    """What asks other places about what passed here; it has none without perspectives.

    Raises:
        SettingsError: our key cannot be used.
    """
    settings, clock = composition.settings, composition.clock
    clients = clients_of(settings, clock, composition.outside.network)
    notice = NoticePerspectives(Routes(composition.engine), clock) if clients else None
    return Corroborate(clients, decide=settings.perspectives_decide, notice=notice)
