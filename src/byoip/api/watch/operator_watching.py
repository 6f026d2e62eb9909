"""The operator's side: watches of all prefixes, freezes, and rises of level that are held."""

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.border.answers import Answer, answer, list_answer
from byoip.api.border.caller import OperatorRequest
from byoip.api.border.declarations import Audience, Declarations
from byoip.api.border.envelope import answer_of, list_of
from byoip.api.border.paging import everything
from byoip.api.path_ids import PathId
from byoip.api.watch import watch_schemas as wire
from byoip.domain.accounts.credential import Scope
from byoip.domain.claims.claim import Claim, ClaimNotFound
from byoip.domain.watch.dispute import PrefixDisputed
from byoip.domain.watch.freezing import NotFrozen
from byoip.domain.watch.levels import Signal
from byoip.domain.watch.rises import NothingHeld, RiseState
from byoip.domain.watch.validity import ProofByChecks, ProofEndTooSoon
from byoip.usecases.watch import lift

operator_watching = Declarations("operator: prefixes", Audience.OPERATOR)


@operator_watching.operation(
    "GET /prefixes/{prefix_id}/watch",
    Scope.OPERATOR,
    answer=answer_of(wire.PrefixWatching),
    refuses=(ClaimNotFound,),
)
async def get_any_prefix_watch(caller: OperatorRequest, prefix_id: PathId) -> Answer:
    """Read whether what was proven of any account's prefix is still so."""
    owner = await caller.backend.operator_reader.owner(prefix_id)
    found = await caller.backend.reader.watches.watch(owner, prefix_id)
    disputes = await caller.backend.reader.disputes.own(owner, prefix_id)
    return answer(wire.watching_of(found, disputes))


@operator_watching.operation(
    "POST /prefixes/{prefix_id}/lift_freeze",
    Scope.OPERATOR,
    answer=answer_of(wire.LiftedFreeze),
    refuses=(ClaimNotFound, NotFrozen, PrefixDisputed),
)
async def lift_prefix_freeze(caller: OperatorRequest, prefix_id: PathId, body: Reasoned) -> Answer:
    """Lift all freezes of a prefix: what is there now counts as right, and is watched from now on.

    The reason stands in the prefix's history, which its customer reads.
    """
    return await caller.write(
        lambda tx: lift.lift_freeze(tx, prefix_id, reason=body.reason), _lifted
    )


@operator_watching.operation("GET /proofs", Scope.OPERATOR, answer=list_of(wire.EndingProof))
async def list_ending_proofs(caller: OperatorRequest) -> Answer:
    """List proofs of ownership that end within 60 days or have ended, the first first.

    Then prefixes that stand on your word without an end for a year. Of both at most 500.
    """
    found = await caller.backend.reader.proofs.ending(caller.now)
    return await list_answer(everything(found), wire.proof_of)


@operator_watching.operation(
    "POST /prefixes/{prefix_id}/end_proof",
    Scope.OPERATOR,
    answer=answer_of(wire.ProofEndSet),
    refuses=(ClaimNotFound, ProofByChecks, ProofEndTooSoon),
)
async def end_prefix_proof(
    caller: OperatorRequest, prefix_id: PathId, body: wire.ProofEnd
) -> Answer:
    """Say until when your approval of a prefix counts as a proof, as of now; null: without an end.

    It counts from now, and a freeze for an end that has come is lifted. The reason stands in the
    prefix's history, which its customer reads.
    """
    return await caller.write(
        lambda tx: lift.end_proof(tx, prefix_id, ends_at=body.proof_ends_at, reason=body.reason),
        lambda claim: wire.ProofEndSet(
            id=claim.id, proof_ends_at=claim.proof.ends_at, frozen_for=sorted(claim.frozen_for)
        ),
    )


@operator_watching.operation("GET /levels", Scope.OPERATOR, answer=list_of(wire.HeldLevels))
async def list_held_levels(caller: OperatorRequest) -> Answer:
    """List rises of level that are held: more of a registry than a day may bring.

    What rose before stays. Is the registry, or our copy of its data, at fault? Then drop them.
    """
    found = await caller.backend.reader.watches.held_rises()
    return await list_answer(everything(found), wire.held_of)


@operator_watching.operation(
    "POST /levels/release",
    Scope.OPERATOR,
    answer=answer_of(wire.DecidedLevels),
    refuses=(NothingHeld,),
)
async def release_levels(caller: OperatorRequest, body: wire.LevelsDecision) -> Answer:
    """Let all rises through that are held of a registry and signal."""
    return await _decide(caller, body, RiseState.RELEASED)


@operator_watching.operation(
    "POST /levels/drop",
    Scope.OPERATOR,
    answer=answer_of(wire.DecidedLevels),
    refuses=(NothingHeld,),
)
async def drop_levels(caller: OperatorRequest, body: wire.LevelsDecision) -> Answer:
    """Drop all rises that are held of a registry and signal: their time starts again."""
    return await _decide(caller, body, RiseState.DROPPED)


async def _decide(caller: OperatorRequest, body: wire.LevelsDecision, state: RiseState) -> Answer:
    try:
        signal = Signal(body.signal)
    except ValueError:
        raise NothingHeld from None
    return await caller.write(
        lambda tx: lift.decide(tx, body.registry, signal, state=state, reason=body.reason),
        lambda many: wire.DecidedLevels(rises=many),
    )


def _lifted(claim: Claim) -> wire.LiftedFreeze:
    return wire.LiftedFreeze(id=claim.id, frozen_for=sorted(claim.frozen_for))
