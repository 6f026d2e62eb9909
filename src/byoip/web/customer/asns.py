"""AS numbers of an account's own: brought, proven, given up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

from starlette.responses import Response

from byoip.domain.asn import InvalidAsn
from byoip.domain.asns.aut_num import takes_token
from byoip.domain.asns.own_asn import OWN_ASNS_PER_ACCOUNT, OwnAsn, ProvenBy
from byoip.domain.checks.evidence import CheckState
from byoip.domain.checks.registries.remedies import remarks_line, token_line
from byoip.domain.letters.witnesses import registry_name
from byoip.store.accounts.rate_limits import Wanted
from byoip.store.transaction import Transaction
from byoip.usecases.asns import own_asns as verbs
from byoip.usecases.border import Verb
from byoip.web.facts import Facts, with_facts
from byoip.web.forms import fresh_key, id_of, number_in, seen_of, version_of
from byoip.web.telling import Told, as_drawn, told_of, tried
from byoip.web.visiting import PersonsVisit

_DONE: Final[Mapping[str, str]] = {
    "added": "The number is there. Publish the line below, then look for the proof.",
    "looked": "The proof was looked for: below is what was seen.",
    "token": "There is a new token: the line that was published proves nothing any more.",
    "removed": "The number is given up.",
    "published": "It is published in the sandbox. Now look for the proof.",
}
_LONGEST: Final = len("4294967295")
_STATES: Final[Mapping[CheckState, tuple[str, str]]] = {
    CheckState.VALID: ("proven", "good"),
    CheckState.PENDING: ("to be proven", "wait"),
    CheckState.MISSING: ("proof not found", "bad"),
    CheckState.EXPIRED: ("token expired", "bad"),
}
_PROVEN_BY: Final[Mapping[ProvenBy, str]] = {
    ProvenBy.TOKEN: "its token, in the aut-num object",
    ProvenBy.HOLDER: "a prefix of the same holder",
    ProvenBy.OPERATOR: "the operator's word",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A number in plain words.

    Attributes:
        by: what its proof rests on; empty without one.
        given_by: the registry's name; empty until statistics have named it.
        in_dispute: another account has proven it, too, and nobody has decided yet.
    """

    state: str
    tone: str
    by: str
    given_by: str
    in_dispute: bool


def in_words(own: OwnAsn) -> Shown:
    """How far the proof of a number is; no answer is no refusal."""
    state, tone = _STATES.get(own.state, ("refused", "bad"))
    if own.doubt and not own.proven:
        state, tone = "no answer yet", "wait"
    return Shown(
        state,
        tone,
        _PROVEN_BY[own.proven_by] if own.proven_by else "",
        registry_name(own.registry) if own.registry else "",
        in_dispute=own.dispute is not None and own.dispute.ended is None,
    )


async def listed(visit: PersonsVisit) -> Response:
    """The account's numbers, and a form for another."""
    return await _list(visit, told_of(visit, _DONE))


async def one(visit: PersonsVisit) -> Response:
    """One of them: what to publish, and how far its proof has come."""
    return await shown(visit, told_of(visit, _DONE))


async def add(visit: PersonsVisit) -> Response:
    """Bring a number."""
    text = visit.form.get("asn", "").strip().upper().removeprefix("AS")

    async def work() -> Response:
        number = number_in(text, _LONGEST)
        if number is None:
            raise InvalidAsn(visit.form.get("asn", ""))
        return await visit.write(
            lambda tx: verbs.add(tx, visit.account_id, terms=visit.site.asn_terms, asn=number),
            lambda own: f"/ui/asns/{own.id.hex}?done=added",
        )

    async def facts() -> tuple[object, ...]:
        return _listed(await _all(visit))

    return await tried(visit, as_drawn(visit, facts, work), partial(_list, visit))


async def look(visit: PersonsVisit) -> Response:
    """Have the proof looked for, now."""
    own_asn_id = _id_named(visit)
    limit = Wanted("preflight", visit.site.limits.preflights_per_account)

    async def ask() -> Verb[OwnAsn]:
        # Before: to ask may note that another account has proven it, which is a new version.
        version_of(visit.form).require((await named(visit)).version)
        await visit.site.spend(visit.account_id, limit)
        return await visit.site.prove_asn(visit.account_id, own_asn_id)

    work = visit.write_asking(ask, lambda own: f"/ui/asns/{own.id.hex}?done=looked")
    return await tried(visit, work, partial(shown, visit))


async def new_token(visit: PersonsVisit) -> Response:
    """Issue a token in the place of the last one."""
    own_asn_id, terms = _id_named(visit), visit.site.asn_terms

    async def verb(tx: Transaction) -> OwnAsn:
        await _as_drawn(tx, visit.account_id, own_asn_id)
        return await verbs.reissue(tx, visit.account_id, own_asn_id, terms=terms)

    work = visit.write(verb, lambda own: f"/ui/asns/{own.id.hex}?done=token")
    return await tried(visit, work, partial(shown, visit))


async def remove(visit: PersonsVisit) -> Response:
    """Give a number up that no prefix has as its origin."""
    own_asn_id = _id_named(visit)

    async def verb(tx: Transaction) -> None:
        await tx.claims.lock_quota(visit.account_id)  # first, as the verb does
        own = await tx.own_asns.lock_with_others(visit.account_id, own_asn_id)  # as the verb does
        tx.precondition.require(own.version)
        await verbs.remove(tx, visit.account_id, own_asn_id)

    work = visit.write(verb, lambda _: "/ui/asns?done=removed")
    return await tried(visit, work, partial(shown, visit))


async def _list(visit: PersonsVisit, told: Told) -> Response:
    found = await _all(visit)
    sandbox = visit.site.sandbox
    return await visit.page(
        "customer/asns.html",
        told.status,
        told=told,
        rows=[(one, in_words(one)) for one in found],
        seen=seen_of(*_listed(found)),
        given=visit.form.get("asn", ""),
        most=OWN_ASNS_PER_ACCOUNT,
        behind=visit.site.asn_terms.rules.operator,
        given_in_sandbox=sorted(sandbox.portal.numbers) if sandbox else (),
        key=fresh_key,
    )


async def _all(visit: PersonsVisit) -> Sequence[OwnAsn]:
    reader = visit.site.own_asns
    return await reader.page(visit.account_id, after=None, limit=OWN_ASNS_PER_ACCOUNT)


def _listed(found: Sequence[OwnAsn]) -> tuple[object, ...]:
    return tuple(one.id.hex for one in found)


async def shown(visit: PersonsVisit, told: Told) -> Response:
    """The page of a number, with what is to be said at its top."""
    own = await named(visit)
    peers = await visit.site.own_asns.neighbours()
    return await visit.page(
        "customer/asn.html",
        told.status,
        told=told,
        own=own,
        said=in_words(own),
        publish=line_of(visit, own),
        expired=own.token_expires_at <= visit.now,
        warning=visit.site.asn_terms.rules.warning(own.asn, peers),
        now=visit.now,
        behind=visit.site.asn_terms.rules.operator,
        key=fresh_key,
        changed_at=own.modified_at,
        **with_facts(visit, told, _facts(own)),
    )


def _facts(own: OwnAsn) -> Facts:
    dispute = own.dispute
    return {
        "proof": "proven" if own.proven else "to be proven",
        "by": own.proven_by.value if own.proven_by else "none",
        "token": own.token,
        "seen": own.seen or own.evidence,
        "no answer": own.doubt,
        "dispute": "none" if dispute is None else "ended" if dispute.ended else "open",
    }


async def named(visit: PersonsVisit) -> OwnAsn:
    """The number that the address names.

    Raises:
        OwnAsnNotFound: the account has no such number.
    """
    return await visit.site.own_asns.one(visit.account_id, _id_named(visit))


def line_of(visit: PersonsVisit, own: OwnAsn) -> str:
    """The line to publish in its aut-num object; empty where none would prove it."""
    registry = visit.site.advice.registries.get(own.registry or "")
    if own.proven or (registry is not None and not takes_token(registry)):
        return ""
    return remarks_line(token_line(visit.site.asn_terms.label, own.token))


async def _as_drawn(tx: Transaction, account_id: UUID, own_asn_id: UUID) -> None:
    """Refuse what is meant for another version of it; the API's calls name none."""
    tx.precondition.require((await tx.own_asns.lock(account_id, own_asn_id)).version)


def _id_named(visit: PersonsVisit) -> UUID:
    return id_of(visit.request.path_params["asn_id"])
