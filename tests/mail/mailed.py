"""Accounts with addresses of mail on a real Postgres; the server is a real one on loopback."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from byoip.adapters.mail.smtp_mailer import Relay, Security, SmtpMailer
from byoip.adapters.system_random import SystemRandom
from byoip.domain.claims.claim import Claim
from byoip.domain.mail.addressee import WINDOW, Addressee
from byoip.domain.mail.letter import Writer
from byoip.domain.mail.topics import Topic
from byoip.store.mail.address_reader import MailAddressReader
from byoip.store.mail.sending import MailQueue
from byoip.usecases.mail import addresses
from byoip.usecases.mail.post import Post
from byoip.worker.notifying import Notifier
from tests.mail.servers import MailServer
from tests.store.samples import BY
from tests.usecases.verbs import Verb
from tests.usecases.world import World

ROOT = "https://byoip.example.net"
SENDER = "byoip@operator.example.net"
TO = "noc@example.net"
LATER = WINDOW + timedelta(seconds=1)


def relay(port: int, security: Security = Security.NONE, **more: Any) -> Relay:
    return Relay("127.0.0.1", port, security, SENDER, "The Operator", **more)


@dataclass
class Mailed(World):
    """One account, and short ways to say what happens."""

    port: int = 0
    seconds: float = 30.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.kept = MailAddressReader(self.engine)
        self.queue = MailQueue(self.engine)

    def post(self, **more: Any) -> Post:
        made = {
            "store": self.store,
            "queue": self.queue,
            "clock": self.clock,
            "mailer": SmtpMailer(relay(self.port), seconds=self.seconds),
            "writer": Writer("The Operator", ROOT),
            "mint": SystemRandom(),
            "chance": lambda: 0.0,
        }
        return Post(**{**made, **more})

    def notifier(self) -> Notifier:
        """Of one worker."""
        return Notifier(self.queue, self.post(), self.clock, 4, 0, "mail")

    async def send(self) -> None:
        """Send until nothing is due."""
        notifier = self.notifier()
        for _ in range(50):
            if not await self.queue.due(self.clock.now(), [], 1):
                return
            await notifier.look()
            await notifier.settled()
        raise AssertionError("something stays due, and is not sent")

    async def address(self, to: str = TO, *topics: Topic) -> Addressee:
        """One that is not verified."""
        creating = Verb(self.store, partial(addresses.create, offered=True))
        made: Addressee = await creating(self.account_id, address=to, topics=topics, by=BY)
        return made

    async def verified(self, server: MailServer, to: str = TO, *topics: Topic) -> Addressee:
        """One whose reader has given the code back."""
        made = await self.address(to, *topics)
        await self.send()
        await self.do(addresses.verify, made, code=server.got[-1].code)
        server.got.clear()
        return await self.read(made)

    async def read(self, one: Addressee) -> Addressee:
        return await self.kept.one(one.account_id, one.id)

    async def do(self, verb: Any, one: Addressee, **asked: Any) -> Any:
        """What a customer does to it."""
        return await Verb(self.store, verb)(one.account_id, one.id, by=BY, **asked)

    async def happen(self, claim: Claim, *kinds: str, **after: Any) -> None:
        """One event of each kind, in one transaction."""
        async with self.store.transaction(actor=BY) as tx:
            for kind in kinds:
                tx.record(claim.id, kind, after=after)

    async def told(self) -> None:
        """What has happened until now is told."""
        self.clock.advance(LATER)
        await self.send()

    async def newest(self) -> int:
        return await self.reader.newest_account_event(self.account_id)
