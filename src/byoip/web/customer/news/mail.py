"""Addresses of mail: people who hear of the prefixes, once they have given a code back."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Final
from uuid import UUID

from starlette.responses import Response

from byoip.domain.mail.addressee import Addressee
from byoip.domain.mail.refusals import ADDRESSES_PER_ACCOUNT
from byoip.domain.mail.topics import TOLD, Topic
from byoip.store.accounts.rate_limits import Wanted
from byoip.store.transaction import Transaction
from byoip.usecases.mail import addresses as verbs
from byoip.web.customer.news.drawn import drawn_as, require_as_drawn
from byoip.web.facts import Facts, with_facts
from byoip.web.forms import fresh_key, id_of, seen_of
from byoip.web.rendering import moment
from byoip.web.telling import Told, as_drawn, told_of, tried
from byoip.web.visiting import PersonsVisit

_LIST: Final = "/ui/mail"
_MEANS: Final[Mapping[Topic, str]] = {
    Topic.RPKI: "prefix or route is not valid by the newest ROA data, and valid again",
    Topic.VISIBILITY: "no listener sees an announced route, and one sees it again",
    Topic.STANDING: "contested, disputed, suspended, approval taken back, in order again",
    Topic.ENDING: "claims, tokens and proofs that are about to end, webhooks that are disabled",
    Topic.LEVELS: "what was proven is no longer so, and is again; freezes",
    Topic.OFFBOARDING: "what has come of it, and what it waits for",
}
_DONE: Final[Mapping[str, str]] = {
    "added": "A code is on its way there. Give it back below, within a day.",
    "code": "Another code is on its way there; the one before proves nothing any more.",
    "verified": "The address is verified: it hears of what happens from now on.",
    "changed": "It hears of these topics from now on.",
    "removed": "It is removed, and told nothing more.",
}


async def listed(visit: PersonsVisit) -> Response:
    """The account's addresses, and a form for another."""
    return await _list(visit, told_of(visit, _DONE))


async def one(visit: PersonsVisit) -> Response:
    """One of them: whether it is verified, and what it hears of."""
    return await _one(visit, told_of(visit, _DONE))


async def add(visit: PersonsVisit) -> Response:
    """Have a code sent to an address."""

    async def work() -> Response:
        return await visit.write(
            lambda tx: verbs.create(
                tx,
                visit.account_id,
                offered=visit.site.mail_offered,
                address=visit.form.get("address", "").strip(),
                topics=_topics(visit),
            ),
            lambda made: f"{_LIST}/{made.id.hex}?done=added",
            *_paced(visit),
        )

    async def facts() -> tuple[object, ...]:
        return _listed(await visit.site.mail_addresses.all_of(visit.account_id))

    return await tried(visit, as_drawn(visit, facts, work), partial(_list, visit))


async def send_code(visit: PersonsVisit) -> Response:
    """Have another code sent."""
    asking = partial(verbs.ask_for_code, offered=visit.site.mail_offered)
    return await _done(visit, asking, "code", *_paced(visit))


async def verify(visit: PersonsVisit) -> Response:
    """Give the code back."""
    code = visit.form.get("code", "").strip()
    return await _done(visit, partial(verbs.verify, code=code), "verified")


async def change(visit: PersonsVisit) -> Response:
    """Other topics."""
    return await _done(visit, partial(verbs.change, topics=_topics(visit)), "changed")


async def remove(visit: PersonsVisit) -> Response:
    """End it."""
    work = visit.write(_as_drawn(visit, verbs.remove), lambda _: f"{_LIST}?done=removed")
    return await tried(visit, work, partial(_one, visit))


async def _done(
    visit: PersonsVisit,
    verb: Callable[[Transaction, UUID, UUID], Awaitable[object]],
    done: str,
    *spending: Wanted,
) -> Response:
    to = f"{_LIST}/{_named(visit).hex}?done={done}"
    work = visit.write(_as_drawn(visit, verb), lambda _: to, *spending)
    return await tried(visit, work, partial(_one, visit))


async def _list(visit: PersonsVisit, told: Told) -> Response:
    found = await visit.site.mail_addresses.all_of(visit.account_id)
    return await visit.page(
        "customer/news/addresses.html",
        told.status,
        told=told,
        rows=found,
        seen=seen_of(*_listed(found)),
        most=ADDRESSES_PER_ACCOUNT,
        offered=visit.site.mail_offered,
        means=_MEANS,
        form=visit.form,
        key=fresh_key,
    )


def _listed(found: Sequence[Addressee]) -> tuple[object, ...]:
    return tuple(one.id.hex for one in found)


async def _one(visit: PersonsVisit, told: Told) -> Response:
    kept = await visit.site.mail_addresses.one(visit.account_id, _named(visit))
    return await visit.page(
        "customer/news/address.html",
        told.status,
        told=told,
        one=kept,
        version=drawn_as(kept.modified_at),
        means=_MEANS,
        kinds={topic: [kind for kind, of in TOLD.items() if of is topic] for topic in Topic},
        key=fresh_key,
        changed_at=kept.modified_at,
        **with_facts(visit, told, _facts(kept)),
    )


def _facts(kept: Addressee) -> Facts:
    return {
        "state": kept.state.value,
        "topics": ", ".join(kept.topics) or "all",
        "code": "on its way" if kept.code_asked else moment(kept.code_until),
        "last mail": moment(kept.last_sent_at),
        "failures": kept.failures,
    }


def _as_drawn(
    visit: PersonsVisit, verb: Callable[[Transaction, UUID, UUID], Awaitable[object]]
) -> Callable[[Transaction], Awaitable[object]]:
    of = visit.account_id, _named(visit)

    async def checked(tx: Transaction) -> object:
        require_as_drawn(tx.precondition, (await verbs.locked(tx, *of)).modified_at)
        return await verb(tx, *of)

    return checked


def _topics(visit: PersonsVisit) -> list[Topic]:
    return [one for one in Topic if visit.form.get(f"topic-{one.value}") == "yes"]


def _paced(visit: PersonsVisit) -> list[Wanted]:
    """A code goes to whom a customer names: as often as pre-flights, and so many in a day."""
    return [Wanted("preflight", visit.site.limits.preflights_per_account), verbs.CODES]


def _named(visit: PersonsVisit) -> UUID:
    return id_of(visit.request.path_params["mail_address_id"])
