"""What the registries have to say for a proof to be renewed without a token. Pure.

After a lease all that a lessee published stays where it is for years. So it is renewed only where
the registry gave the space to the holder of its statistics, who gave it on to nobody on record, and
where everything is as it was when it was proven: then a new token would say nothing new.
Each function says why not, in words; empty: nothing is against it.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from byoip.domain.claims.claim import Claim
from byoip.domain.claims.lifecycle import Approver, Standing
from byoip.domain.foreign_text import listed, shown
from byoip.domain.prefix import Prefix
from byoip.domain.rdap.said import RdapEnd, Said
from byoip.domain.watch.effects import Act, Stage, stops
from byoip.domain.watch.levels import LADDERS, Signal
from byoip.domain.watch.remembered import Remembered
from byoip.domain.watch.roas import ends_only
from byoip.domain.watch.watch import Watch

LEARNT_WITHIN: Final = timedelta(days=7)


def changed(claim: Claim, known: Mapping[Signal, Watch]) -> str:
    """Why the claim and its signals do not let a proof be renewed so."""
    if claim.approved_by is not Approver.CHECKS:
        return "It was approved on the operator's word, not by checks."
    frozen = stops(Stage.FREEZE, Act.RENEW, claim.frozen_for)
    if frozen or claim.standing is not Standing.OK:
        return "It is frozen, or its standing is not ok."
    failing = sorted(one.signal for one in known.values() if one.failing and not ends_only(one))
    if failing := [one for one in failing if stops(Stage.NOTICE, Act.RENEW, {one})]:
        return f"These are not as they were: {', '.join(failing)}."
    holder, proof = known.get(Signal.HOLDER), known.get(Signal.PROOF)
    if holder is None or holder.doubt or proof is None or not proof.baseline:
        return "Whom the registry gave the space to was not learnt as it was proven."
    return ""


def learnt(watch: Watch, registrant: str, proven_at: datetime | None, now: datetime) -> Watch:
    """The signal of the proof, with the registrant's handle as its baseline.

    One that is learnt a week after the proof says nothing of it: a lease may be over by then, and
    RDAP names the lessor.
    """
    return replace(watch, baseline=registrant) if wanted(watch, proven_at, now) else watch


def wanted(watch: Watch | None, proven_at: datetime | None, now: datetime) -> bool:
    """Whether the registrant of a proof of that moment is to be learnt still."""
    return soon_after(proven_at, now) and (watch is None or not watch.baseline)


def soon_after(proven_at: datetime | None, now: datetime) -> bool:
    """Whether what is learnt now still says something of a proof of that moment."""
    return proven_at is not None and now < proven_at + LEARNT_WITHIN


def given_to_another(
    prefix: Prefix, registry: str | None, known: Mapping[Signal, Watch], said: Said
) -> str:
    """Why what RDAP says of the smallest network is not that its holder of before has it."""
    was, network = Remembered.read(known[Signal.HOLDER].baseline), said.network
    if said.end is not RdapEnd.ANSWERED or network is None:
        return "The registry's RDAP server did not say whom the space is given to."
    if said.registry != registry or not network.contains(prefix) or network.placeholder:
        return "The registry responsible does not describe the space in RDAP."
    if network.given_on or network.space is None:
        kind = shown(network.type) or "none"
        return f"The smallest block, {network.block}, may be a holder's customer's (type {kind})."
    if network.registrant is None or network.registrant.handle != known[Signal.PROOF].baseline:
        return f"RDAP names another registrant of {network.block} than as it was proven."
    holders = {(at, holder) for at, holder, _ in was.holding}
    if len(holders) != 1 or next(iter(holders))[0] != registry:
        return f"The statistics name more than one holder: {listed(sorted(map(str, holders)))}."
    return ""


def unheard(known: Watch | None, newest: int, fetched_at: datetime, now: datetime) -> str:
    """Why the newest statistics do not say that the holder is the same; silence says nothing."""
    gap = LADDERS[Signal.HOLDER].longest_gap
    late = gap is not None and now - fetched_at > gap
    if late or known is None or known.heard is None or known.heard < newest:
        return "The newest statistics were not heard yet, or are too old."
    return ""
