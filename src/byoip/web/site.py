"""What the pages are made of. The composition fills it in; there are no globals."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol, TypeAlias
from uuid import UUID

from starlette.routing import BaseRoute
from starlette.types import Scope

from byoip.domain.accounts.credential import Credential
from byoip.domain.accounts.limits import Limits
from byoip.domain.accounts.sign_in import Place
from byoip.domain.claims.blockers import Advice
from byoip.domain.errors import Refusal
from byoip.domain.speakers.bgp_peer import InService
from byoip.ports.clock import Clock
from byoip.ports.identity_provider import IdentityProvider
from byoip.ports.letters.letters import LetterPictures
from byoip.ports.portal import Portal
from byoip.ports.tokens import TokenMint
from byoip.store import sharing
from byoip.store.accounts.operator_reader import OperatorReader
from byoip.store.accounts.people_reader import PeopleReader, SignedIn
from byoip.store.accounts.rate_limits import Wanted
from byoip.store.asns.own_asn_reader import OwnAsnReader
from byoip.store.bindings.edge_reader import EdgeReader
from byoip.store.claims.event_notifier import EventNotifier
from byoip.store.claims.reader import CustomerReader
from byoip.store.hooks.webhook_reader import WebhookReader
from byoip.store.jobs.guard_reader import GuardReader
from byoip.store.letters.letter_reader import LetterReader
from byoip.store.mail.address_reader import MailAddressReader
from byoip.store.speakers.route_history import RouteReader
from byoip.usecases.asns.own_asns import AsnTerms
from byoip.usecases.asns.prove_asn import ProveAsn
from byoip.usecases.bindings.converge import ConvergeBindings
from byoip.usecases.border import Border
from byoip.usecases.checks.preflight import Preflight
from byoip.usecases.claims.prefixes import Terms
from byoip.usecases.hooks.webhooks import HookTerms

Status: TypeAlias = Callable[[], Awaitable[Mapping[str, str]]]
"""What each probe of this process says, by name: `ok`, or what is wrong."""

Turn: TypeAlias = AbstractAsyncContextManager[None]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is said beside a refusal's own message.

    Attributes:
        status: of the answer (HTTP).
        remedy: what to do about it.
    """

    status: int
    remedy: str


@dataclass(frozen=True, slots=True)
class SignsIn:
    """How people sign in at the operator's identity provider.

    Attributes:
        places: where their groups come in.
        recheck: how long it counts that it named somebody.
        name: what pages call it.
    """

    provider: IdentityProvider
    places: Sequence[Place]
    recheck: timedelta
    name: str


@dataclass(frozen=True, slots=True)
class SandboxPages:
    """What pages offer in a sandbox beyond production's.

    Attributes:
        routes: made with the door of the site.
    """

    portal: Portal
    routes: Callable[[Any], Sequence[BaseRoute]]


class Spend(Protocol):
    """Takes permits that all processes share."""

    async def __call__(self, who: UUID, *wanted: Wanted) -> None:
        """Take them, in this order. Raises the refusal that the API gives where none is left."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything behind the pages: what the API has, and who signs in.

    Attributes:
        border: the way in for every write.
        public_url: under which people reach the service, without a trailing slash.
        status: whether this process can serve.
        problem: what goes with a refusal.
        admit: counts a request of a credential; see the API's limiter.
        spend: takes permits of an account, or of a client.
        turn: an account's turn at the database.
        visit: an account's turn to be served a page, in which it takes turns at the database.
        listen: counts one more of an account that waits for news; refuses one too many.
        notifier: wakes those that wait for news.
        stranger: a client's turn, until it is known.
        client: who asks: an address, or a network.
        speaks: whether any BGP speaker is configured.
        hook_terms: where webhooks may go, and what signs them.
        mail_offered: whether there is a server that takes mail.
        elsewhere: how people sign in at the identity provider; None: by one-time links alone.
        sandbox: None in production.
    """

    border: Border
    people: PeopleReader
    reader: CustomerReader
    operator_reader: OperatorReader
    letters: LetterReader
    letter_pictures: LetterPictures
    guards: GuardReader
    routes: RouteReader
    edges: EdgeReader
    converge_bindings: ConvergeBindings
    in_service: InService
    own_asns: OwnAsnReader
    asn_terms: AsnTerms
    prove_asn: ProveAsn
    hook_terms: HookTerms
    webhooks: WebhookReader
    mail_addresses: MailAddressReader
    preflight: Preflight
    terms: Terms
    advice: Advice
    limits: Limits
    clock: Clock
    mint: TokenMint
    public_url: str
    status: Status
    problem: Callable[[Refusal], Problem]
    admit: Callable[[Credential, dict[str, Any]], Awaitable[None]]
    spend: Spend
    turn: Callable[[UUID], Turn]
    visit: Callable[[UUID], Turn]
    listen: Callable[[UUID], AbstractContextManager[None]]
    notifier: EventNotifier
    stranger: Callable[[Scope], Turn]
    client: Callable[[Scope], str]
    speaks: bool = False
    mail_offered: bool = False
    elsewhere: SignsIn | None = None
    sandbox: SandboxPages | None = None

    async def signed_in(self, token: str, scope: Scope, *, used: bool) -> SignedIn | None:
        """Whose session it is; who was here before does not wait for strangers."""
        if whose := self.people.whose(token):
            with sharing.working_for(whose):
                return await self.people.signed_in(token, used=used)
        async with self.stranger(scope):
            return await self.people.signed_in(token, used=used)


class NotServed(Exception):  # noqa: N818 - an answer: what a browser asks for is not done
    """A request that no page of ours makes, or not so."""

    def __init__(self, status: int, title: str, message: str) -> None:
        super().__init__(message)
        self.status, self.title, self.message = status, title, message
