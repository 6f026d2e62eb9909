"""What operators do from pages: one verb each, with a reason that history keeps."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, Final, TypeAlias
from uuid import UUID

from byoip.domain.accounts.credential import AccountNotFound
from byoip.domain.claims.check_waiver import LONGEST_WAIVER, Waivable
from byoip.domain.claims.lifecycle import Transition
from byoip.domain.claims.move import MoveRecipientNotFound
from byoip.domain.jobs.job_history import JobKind, JobSwitch, JobUnknown
from byoip.domain.precondition import PreconditionFailed
from byoip.domain.watch.levels import Signal
from byoip.domain.watch.rises import RiseState, digest_of
from byoip.store.speakers.views import Lacking
from byoip.store.transaction import Transaction
from byoip.usecases.border import Verb
from byoip.usecases.checks import snapshots, waivers
from byoip.usecases.claims import moves, standing
from byoip.usecases.claims.contests import lock_with_space
from byoip.usecases.jobs import kill_switches
from byoip.usecases.routes import bgp_prefixes, offboarding
from byoip.usecases.routes.announce_on_word import announce_on_word
from byoip.usecases.speakers import bgp_peers, drains, orphans, revisions
from byoip.usecases.watch import lift
from byoip.web.forms import id_of, number_of, typed
from byoip.web.operator.drawn import OfPrefix, of_job, of_orphans, of_shut, of_statistics
from byoip.web.site import NotServed
from byoip.web.telling import require_seen
from byoip.web.visiting import PersonsVisit

_Made: TypeAlias = Callable[[PersonsVisit, str], Verb[Any]]
# Which field of a form has the name that is typed before it is done.
_TYPED: Final[Mapping[str, str]] = {
    "open": "speaker",
    "release-levels": "registry",
    "withdraw-orphans": "speaker",
    "allow-job": "job",
    "apply-settings": "proposal",
}
_LONGEST_PROOF: Final = 36_500  # days: a century


def verb_of(visit: PersonsVisit, acts: Mapping[str, _Made], what: str = "") -> Verb[Any]:
    """What a form of an operator asks for, by its path where it is not said.

    Raises:
        NotServed: it is none of these, or names nothing.
    """
    made = acts.get(what or visit.request.path_params["what"])
    if made is None:
        raise NotServed(404, "Not found", "There is no such action.")
    return made(visit, visit.form.get("reason", ""))


def untyped(visit: PersonsVisit) -> str:
    """What has to be typed before a form of NEEDED is done, and was not; empty: nothing.

    It is the name of what goes down, or of whose many go on at once.
    """
    field = _TYPED.get(visit.request.path_params["what"])
    name = _text(visit, field) if field else ""
    return "" if not name or typed(visit.form, name) else name


def _text(visit: PersonsVisit, name: str) -> str:
    return visit.form.get(name, "")


def _one_of(kind: Callable[[str], Any], text: str) -> Any:
    try:
        return kind(text)
    except ValueError:
        raise NotServed(400, "Not our form", "This form is not one of ours.") from None


def opening(visit: PersonsVisit, speaker: str, why: str) -> Verb[Any]:
    """The verb that opens a speaker which is held shut, for just what was seen to be missing."""
    name, in_service = visit.person.name, visit.site.in_service

    def require(found: Lacking) -> None:
        require_seen(visit, *of_shut(found.shut, found.orders))

    return lambda tx: bgp_peers.open_speaker(
        tx, speaker, name=name, reason=why, in_service=in_service, require=require
    )


def _levels(visit: PersonsVisit, why: str, state: RiseState) -> Verb[Any]:
    registry, signal = _text(visit, "registry"), _one_of(Signal, _text(visit, "signal"))

    def require(rises: Sequence[UUID]) -> None:
        require_seen(visit, registry, signal.value, digest_of(rises))

    decided = partial(lift.decide, many=number_of(visit.form, "many"), reason=why, require=require)
    return lambda tx: decided(tx, registry, signal, state=state)


def _orphans(visit: PersonsVisit, why: str) -> Verb[Any]:
    speaker, many, name = _text(visit, "speaker"), number_of(visit.form, "count"), visit.person.name

    def require(found: int, digest: str) -> None:
        require_seen(visit, *of_orphans(speaker, found, digest))

    return lambda tx: orphans.withdraw_all(
        tx, speaker, many, name=name, reason=why, require=require
    )


def _roas(visit: PersonsVisit, why: str) -> Verb[Any]:
    number = number_of(visit.form, "number")
    return lambda tx: snapshots.accept_roas(tx, number, reason=why)


def _statistics(visit: PersonsVisit, why: str) -> Verb[Any]:
    registry = _text(visit, "registry")

    async def verb(tx: Transaction) -> Any:
        accepted = await snapshots.accept_registrations(tx, registry, reason=why)
        require_seen(visit, *of_statistics(accepted))
        return accepted

    return verb


def _start(visit: PersonsVisit, why: str, *, stopped: bool = False) -> Verb[Any]:
    kind = _job(visit)

    def require(switch: JobSwitch) -> None:
        require_seen(visit, *of_job(switch))

    return lambda tx: kill_switches.move(tx, kind, stopped=stopped, reason=why, require=require)


def _allow(visit: PersonsVisit, why: str) -> Verb[Any]:
    kind, name = _job(visit), visit.person.name

    async def verb(tx: Transaction) -> Any:
        waiting = await tx.guards.waiting(kind)
        if waiting and waiting.allowed_at:
            raise PreconditionFailed  # somebody has
        report = await kill_switches.allow(tx, kind, reason=why, name=name)
        require_seen(visit, kind.value, waiting and waiting.at.isoformat())  # another set, later
        return report

    return verb


def _job(visit: PersonsVisit) -> JobKind:
    try:
        return JobKind(_text(visit, "job"))
    except ValueError:
        raise JobUnknown from None


def _settings(visit: PersonsVisit, why: str) -> Verb[Any]:
    proposal, revision = _text(visit, "proposal"), number_of(visit.form, "revision")
    name = visit.person.name
    return lambda tx: revisions.apply(tx, proposal, planned_for=revision, name=name, reason=why)


def _lift(visit: PersonsVisit, why: str) -> Verb[Any]:
    drain, name = id_of(_text(visit, "drain")), visit.person.name
    return lambda tx: drains.lift(tx, drain, name=name, reason=why)


NEEDED: Final[Mapping[str, _Made]] = {
    "open": lambda visit, why: opening(visit, _text(visit, "speaker"), why),
    "release-levels": partial(_levels, state=RiseState.RELEASED),
    "drop-levels": partial(_levels, state=RiseState.DROPPED),
    "withdraw-orphans": _orphans,
    "accept-roas": _roas,
    "accept-statistics": _statistics,
    "start-job": _start,
    "stop-job": partial(_start, stopped=True),
    "allow-job": _allow,
    "apply-settings": _settings,
    "lift-drain": _lift,
}


def _of_prefix(act: Callable[..., Any]) -> _Made:
    def made(visit: PersonsVisit, why: str) -> Verb[Any]:
        claim_id = id_of(visit.request.path_params["prefix_id"])

        async def verb(tx: Transaction) -> Any:
            return await act(tx, claim_id, reason=why)

        return verb

    return made


def _moved(transition: Transition) -> _Made:
    return _of_prefix(partial(standing.change_standing, transition=transition))


def _locked(visit: PersonsVisit, why: str, *, locked: bool) -> Verb[Any]:
    claim_id = id_of(visit.request.path_params["prefix_id"])
    route = id_of(_text(visit, "route"))
    return lambda tx: bgp_prefixes.lock(tx, claim_id, route, locked=locked, reason=why)


def _announced(visit: PersonsVisit, why: str) -> Verb[Any]:
    claim_id = id_of(visit.request.path_params["prefix_id"])
    route = id_of(_text(visit, "route"))
    return lambda tx: announce_on_word(tx, claim_id, route, reason=why)


def _to_another(visit: PersonsVisit, why: str) -> Verb[Any]:
    claim_id, terms = id_of(visit.request.path_params["prefix_id"]), visit.site.terms

    async def verb(tx: Transaction) -> Any:
        try:
            to = id_of(_text(visit, "account").strip())
            moved = partial(moves.move_on_word, to_account_id=to, reason=why, terms=terms)
            return await moved(tx, claim_id)
        except (NotServed, AccountNotFound):  # a form says so beside its field
            raise MoveRecipientNotFound from None

    return verb


def _end_proof(visit: PersonsVisit, why: str) -> Verb[Any]:
    claim_id, ends = id_of(visit.request.path_params["prefix_id"]), None
    if _text(visit, "days").strip():
        ends = visit.now + timedelta(days=min(number_of(visit.form, "days"), _LONGEST_PROOF))

    return lambda tx: lift.end_proof(tx, claim_id, ends_at=ends, reason=why)


def _waive(visit: PersonsVisit, why: str) -> Verb[Any]:
    claim_id = id_of(visit.request.path_params["prefix_id"])
    check, days = _one_of(Waivable, _text(visit, "check")), number_of(visit.form, "days")
    until = visit.now + timedelta(days=min(days, 10 * LONGEST_WAIVER.days))

    return lambda tx: waivers.grant(tx, claim_id, check=check, expires_at=until, reason=why)


def _end_waiver(visit: PersonsVisit, why: str) -> Verb[Any]:
    claim_id = id_of(visit.request.path_params["prefix_id"])
    waiver = id_of(_text(visit, "waiver"))
    return lambda tx: waivers.end(tx, claim_id, waiver, reason=why)


async def _restore(tx: Transaction, claim_id: Any, *, reason: str) -> Any:
    return await offboarding.restore(tx, None, claim_id, reason=reason)


OF_PREFIXES: Final[Mapping[str, _Made]] = {
    "approve": _of_prefix(standing.approve),
    "revoke": _of_prefix(standing.revoke_approval),
    "suspend": _moved(Transition.SUSPENDED),
    "resume": _moved(Transition.RESUMED),
    "settle": _moved(Transition.SETTLED),
    "lift-freeze": _of_prefix(lift.lift_freeze),
    "end-grace": _of_prefix(offboarding.end_grace),
    "restore": _of_prefix(_restore),
    "move": _to_another,
    "lock": partial(_locked, locked=True),
    "unlock": partial(_locked, locked=False),
    "announce": _announced,
    "end-proof": _end_proof,
    "waive": _waive,
    "end-waiver": _end_waiver,
}


def on_prefix(visit: PersonsVisit) -> Verb[Any]:
    """What a form about a prefix asks for, if what decides it is as its page showed it.

    Raises:
        NotServed: it is none of these, or names nothing.
    """
    verb, what = verb_of(visit, OF_PREFIXES), visit.request.path_params["what"]
    claim_id = id_of(visit.request.path_params["prefix_id"])

    async def judged(tx: Transaction) -> Any:
        if what == "move":  # whose quota it takes is locked before any space
            with suppress(NotServed, AccountNotFound):
                await tx.claims.lock_quota(id_of(_text(visit, "account").strip()))
        claim = await lock_with_space(tx, claim_id)
        of = _text(visit, "route")
        route = await tx.bgp_prefixes.get(claim_id, id_of(of)) if of else None
        require_seen(visit, *(await OfPrefix.read(tx, claim)).facts(what, route))
        return await verb(tx)

    return judged
