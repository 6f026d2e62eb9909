"""What asks other places about proofs of ownership: the part of it that has a database."""

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.adapters.network_policy import NetworkPolicy
from byoip.composition.perspectives import clients_of
from byoip.ports.clock import Clock
from byoip.settings.model import Settings
from byoip.store.speakers.routes import Routes
from byoip.usecases.checks.perspectives.corroborate import Corroborate
from byoip.usecases.checks.perspectives.notice import NoticePerspectives


def elsewhere_of(
    settings: Settings, clock: Clock, policy: NetworkPolicy, engine: AsyncEngine
) -> Corroborate:
    """What asks other places about what passed here; it has none without perspectives.

    Raises:
        SettingsError: our key cannot be used.
    """
    clients = clients_of(settings, clock, policy)
    notice = NoticePerspectives(Routes(engine), clock) if clients else None
    return Corroborate(clients, decide=settings.perspectives_decide, notice=notice)
