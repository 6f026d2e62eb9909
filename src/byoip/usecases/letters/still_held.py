"""Whether a letter may still speak of the space as the party holds it that has proven it."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import sha256

from byoip.domain.checks.registry import Allocation, Basis, kept_rows, rows_to_keep
from byoip.domain.claims.claim import Claim
from byoip.domain.foreign_text import listed
from byoip.domain.letters.letter import Letter
from byoip.domain.letters.letter_evidence import RegisteredHolder, registered_to
from byoip.domain.letters.witnesses import registry_name
from byoip.domain.watch.holding import NumberedAnew, by_new_ids
from byoip.store.letters.grounds import LetterGrounds

_log = logging.getLogger(__name__)


def still_held(
    claim: Claim,
    newest: Letter | None,
    grounds: LetterGrounds,
    registered: Sequence[Allocation],
    responsible: str | None,
    anew: Sequence[NumberedAnew] = (),
) -> bool:
    """Whether holder and registry are those of the proof; no other has authorised anything.

    `registered` is what statistics say now, `responsible` the registry that is now, where it is
    known. `claim.registry` gave the newest answer on irr, of which the proof need be no part. By
    `anew` holders have new ids since the approval, and are the same.
    """
    if grounds.registry is None or grounds.basis is Basis.HINT:
        _log.warning(
            "no letter for prefix %s: no statistics said whose space it is as it was proven. Load "
            "them, revoke its approval, and have its ownership proven again.",
            claim.id.hex,
        )
        return False
    known = responsible if grounds.basis else None  # as it was proven the settings knew none
    overridden = grounds.basis is Basis.OVERRIDE
    if responsible != grounds.registry and (known or overridden):
        _log.warning(
            "no letter for prefix %s: %s is the registry responsible now, and %s was as it was "
            "proven",
            *(claim.id.hex, responsible or "none that is known", grounds.registry),
        )
        return False
    if grounds.basis and claim.registry != grounds.registry:
        _log.warning(
            "no letter for prefix %s: irr was last answered by %s, and %s was as it was proven. "
            "Have it validated again.",
            *(claim.id.hex, claim.registry or "none that is known", grounds.registry),
        )
        return False
    proven = _proven_for(claim, newest, grounds, registered, anew)
    holder = RegisteredHolder.of(grounds.registry, registered)
    return _same_holder(claim, proven, holder) and _still_registered(
        claim, grounds, registered, anew
    )


def _proven_for(
    claim: Claim,
    newest: Letter | None,
    grounds: LetterGrounds,
    registered: Sequence[Allocation],
    anew: Sequence[NumberedAnew],
) -> RegisteredHolder | None:
    """The holder as the claim was approved, as it is named now.

    None: not known any more, and not as it was.
    """
    if newest and claim.approved_at and newest.facts.issued_at >= claim.approved_at:
        named = newest.facts.holder
        since = newest.facts.issued_at
        return replace(named, holder=by_new_ids(named.registry, named.holder, since, anew))
    if grounds.registered is not None:
        registered = _kept(claim, grounds.registered, anew)
    elif grounds.registered_sha256 != sha256(rows_to_keep(registered)).digest():
        return None
    return RegisteredHolder.of(grounds.registry or "", registered)


def _same_holder(claim: Claim, proven: RegisteredHolder | None, now: RegisteredHolder) -> bool:
    same = proven is not None and proven.holder in {"", now.holder}
    return same or _refused(claim, str(now), str(proven or "not kept"))


def _kept(claim: Claim, rows: bytes, anew: Sequence[NumberedAnew]) -> Sequence[Allocation]:
    """The rows of the approval, by the ids of now."""
    since = claim.approved_at
    if since is None:
        return kept_rows(rows)
    return [
        replace(one, holder=by_new_ids(one.registry, one.holder, since, anew))
        for one in kept_rows(rows)
    ]


def _still_registered(
    claim: Claim,
    grounds: LetterGrounds,
    registered: Sequence[Allocation],
    anew: Sequence[NumberedAnew],
) -> bool:
    """Whether statistics name the same holder at the same registry as when they were followed.

    A national registry has none of its own, and space that moves gets another registry.
    """
    if grounds.registered is None or grounds.basis is Basis.OVERRIDE:
        return True
    then = registered_to(_kept(claim, grounds.registered, anew))
    now = registered_to(registered)
    return not then or then == now or _refused(claim, _named(now), _named(then))


def _refused(claim: Claim, now: str, proven: str) -> bool:
    _log.warning(
        "no letter for prefix %s: it is registered to another holder (%s) than the one that proved "
        "it (%s). Revoke its approval, and have its ownership proven again.",
        *(claim.id.hex, now, proven),
    )
    return False


def _named(holders: Iterable[tuple[str, str]]) -> str:
    return listed(f"{holder} at {registry_name(key)}" for holder, key in sorted(holders)) or "none"
