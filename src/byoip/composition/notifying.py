"""Webhooks of a process: the operator's key, and what sends."""

from pathlib import Path
from random import SystemRandom
from secrets import token_bytes

from byoip.adapters.checks.dns_exchange import Server
from byoip.adapters.hooks.addresses import Addresses
from byoip.adapters.hooks.pinned_post import PinnedPost
from byoip.adapters.hooks.signing import HookSigner, UnusableHookKey, signer_of_our_own
from byoip.composition.process import Composition
from byoip.ports.hooks.sending import Signer
from byoip.settings.model import Settings
from byoip.settings.names import SettingsError
from byoip.store.hooks.sending import HookQueue
from byoip.usecases.hooks.deliver import Deliver
from byoip.worker.notifying import Notifier

_KEY_BYTES = 32


def hook_signer(settings: Settings, own: Path | None = None) -> HookSigner | None:
    """By the configured key, or by one of the service's own in this directory; None: by none.

    Raises:
        SettingsError: the key cannot be used.
    """
    try:
        if settings.webhook_key is not None:
            return HookSigner.load(settings.webhook_key)
        return None if own is None else signer_of_our_own(own, token_bytes(_KEY_BYTES))
    except UnusableHookKey as fault:
        raise SettingsError(str(fault)) from None


def notifier_of(composition: Composition, signer: Signer) -> Notifier:
    """What sends webhooks."""
    outside = composition.outside
    queue = HookQueue(composition.engine, signer.key_id)
    resolvers = [Server(*one) for one in outside.resolvers]
    sender = PinnedPost(Addresses(resolvers, outside.hook_network))
    deliver = Deliver(
        composition.store,
        queue,
        composition.clock,
        sender,
        signer,
        outside.hook_rules,
        SystemRandom().random,
    )
    return Notifier(queue, deliver, composition.clock)
