"""Accounts with webhooks on a real Postgres; receivers are real servers on loopback."""

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from ipaddress import ip_network
from typing import Any
from uuid import UUID

from byoip.adapters.hooks.addresses import Addresses
from byoip.adapters.hooks.pinned_post import PinnedPost
from byoip.adapters.hooks.signing import HookSigner
from byoip.adapters.network_policy import NetworkPolicy
from byoip.domain.claims.claim import Claim
from byoip.domain.hooks.destination import DestinationRules
from byoip.domain.hooks.webhook import Webhook
from byoip.store.hooks.sending import HookQueue
from byoip.store.hooks.views import Delivery
from byoip.store.hooks.webhook_reader import WebhookReader
from byoip.usecases.hooks import webhooks
from byoip.usecases.hooks.deliver import Deliver
from byoip.usecases.hooks.webhooks import HookChange, HookTerms, Issued
from byoip.worker.notifying import Notifier
from tests.hooks.receivers import Receiver
from tests.store.samples import BY
from tests.usecases.verbs import Verb
from tests.usecases.world import World

KEY = b"the operator's key, 32 bytes....."
LOOPBACK = NetworkPolicy(allowed=(ip_network("127.0.0.0/8"),))
ANYWHERE = DestinationRules(frozenset(), plain=True)
SECOND = timedelta(seconds=1)


@dataclass
class Hooked(World):
    """One account, and short ways to say what happens."""

    seconds: float = 15.0
    signer: HookSigner = field(default_factory=lambda: HookSigner(KEY))
    rules: DestinationRules = ANYWHERE

    def __post_init__(self) -> None:
        super().__post_init__()
        self.hooks = WebhookReader(self.engine)
        self.secrets: dict[UUID, str] = {}

    @property
    def hook_terms(self) -> HookTerms:
        return HookTerms(self.rules, self.signer)

    @property
    def queue(self) -> HookQueue:
        return HookQueue(self.engine, self.signer.key_id)

    def deliver(self, sender: Any = None) -> Deliver:
        post = PinnedPost(Addresses([], LOOPBACK), seconds=self.seconds)
        return Deliver(
            self.store,
            self.queue,
            self.clock,
            sender or post,
            self.signer,
            self.rules,
            lambda: 0.0,
        )

    def notifier(self, at_once: int = 100, sender: Any = None, rest: float = 0) -> Notifier:
        """Of one worker."""
        return Notifier(self.queue, self.deliver(sender), self.clock, at_once, rest)

    async def send(self) -> None:
        """Send until nothing is due."""
        notifier = self.notifier()
        for _ in range(200):
            if not await self.queue.due(self.clock.now(), [], 1):
                return
            await notifier.look()
            await notifier.settled()
        raise AssertionError("something stays due, and is not sent")

    async def hook(
        self, to: Receiver | str, *kinds: str, account_id: UUID | None = None, **more: Any
    ) -> Webhook:
        """Make one, which is tested when something is sent."""
        creating = Verb(self.store, partial(webhooks.create, terms=self.hook_terms))
        given = {"description": "", "kinds": kinds, "after": None, **more}
        url = to if isinstance(to, str) else to.url
        made: Issued = await creating(account_id or self.account_id, url=url, by=BY, **given)
        self.secrets[made.webhook.id] = made.secret
        return made.webhook

    async def active(self, to: Receiver, *kinds: str, **more: Any) -> Webhook:
        """One that has taken its test."""
        made = await self.hook(to, *kinds, **more)
        await self.send()
        assert (await self.read(made)).state == "active"
        to.got.clear()
        return await self.read(made)

    async def read(self, webhook: Webhook) -> Webhook:
        return await self.hooks.one(webhook.account_id, webhook.id)

    async def deliveries(self, webhook: Webhook) -> list[Delivery]:
        return list(await self.hooks.deliveries(webhook.account_id, webhook.id))

    async def do(self, verb: Any, webhook: Webhook, **asked: Any) -> Any:
        """What a customer does to it."""
        return await Verb(self.store, verb)(webhook.account_id, webhook.id, by=BY, **asked)

    async def change(self, webhook: Webhook, **given: Any) -> Webhook:
        changing = partial(webhooks.change, terms=self.hook_terms, given=HookChange(**given))
        changed: Webhook = await self.do(changing, webhook)
        return changed

    async def happen(self, claim: Claim, *kinds: str, **after: Any) -> None:
        """One event of each kind, in one transaction."""
        async with self.store.transaction(actor=BY) as tx:
            for kind in kinds:
                tx.record(claim.id, kind, after=after)

    async def has_all(self, webhook: Webhook) -> bool:
        """Whether it has got the whole feed."""
        return (await self.read(webhook)).cursor == await self.newest(webhook.account_id)

    async def newest(self, account_id: UUID | None = None) -> int:
        return await self.reader.newest_account_event(account_id or self.account_id)
