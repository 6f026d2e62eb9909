"""What operators decide about edges, and what edges acknowledge.

After each of these the front has `ConvergeBindings` let take effect what a majority has now.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

from byoip.domain.bindings import edge as rules
from byoip.domain.bindings.edge import Edge, edge_name
from byoip.domain.operator_text import stated_reason
from byoip.store.bindings.views import EdgeView
from byoip.store.transaction import Transaction


async def put(tx: Transaction, *, edge: str, drained: bool, reason: str) -> EdgeView:
    """Register an edge, drain it, take it back into service, or let a removed one join again.

    A new one counts for nothing until it is heard. Announcing waits no longer for a drained one.

    Raises:
        InvalidEdgeName: `edge` is not a name.
        InvalidText: the reason.
        EdgeBehind: it is drained, and lacks changes that it needs to come back into service.
    """
    name, why = edge_name(edge), stated_reason(reason)
    await tx.edges.alone()
    before = await _current(tx, name)
    await _require_caught_up(tx, before, drained=drained)
    wanted = replace(before or _new(name, tx.now), drained=drained)
    await (tx.edges.save(wanted) if before else tx.edges.add(wanted))
    if wanted != before:
        was = _shown(before) if before else {}
        kind = "edge.put" if before else "edge.registered"
        tx.record_for_operators(kind, why, before=was, after=_shown(wanted))
    return EdgeView(wanted, await tx.edges.newest())


async def remove(tx: Transaction, *, edge: str, reason: str) -> EdgeView:
    """Take an edge out: nothing waits for it any more, and only an operator puts it back.

    Its row stays.

    Raises:
        InvalidEdgeName: `edge` is not a name.
        InvalidText: the reason.
        EdgeNotFound: there is no such edge, or it was removed before.
    """
    name, why = edge_name(edge), stated_reason(reason)
    await tx.edges.alone()
    known = await _current(tx, name)
    if known is None:
        raise rules.EdgeNotFound
    await tx.edges.remove(known, tx.now)
    tx.record_for_operators("edge.removed", why, before=_shown(known))
    return EdgeView(known, await tx.edges.newest())


async def acknowledge(tx: Transaction, *, edge: str, feed: UUID, number: int) -> EdgeView:
    """Note that an edge has carried out a change and all before it.

    Raises:
        InvalidEdgeName: `edge` is not a name.
        EdgeNotFound: no operator has registered it.
        EdgeRemoved: an operator has removed it.
        FeedReplaced: the number is of another feed.
        ChangeNotMadeYet: the feed has no such change yet.
    """
    name = edge_name(edge)
    counts = {one.name: one.counts for one in await tx.edges.all()}
    if name not in counts:  # no change of a binding waits for a name that means nothing
        await tx.edges.lock(name)
        raise rules.EdgeNotFound
    if not counts[name]:
        await tx.edges.alone()  # it may begin to count
    before = await tx.edges.lock(name)
    if before is None:
        raise rules.EdgeNotFound
    # Asked under the edge's lock: a restore that begins another feed writes the edge after this.
    if feed != await tx.edges.feed():
        raise rules.FeedReplaced
    newest = await tx.edges.newest()
    heard = before.heard(number, newest=newest, now=tx.now)
    await tx.edges.save(heard)
    return EdgeView(heard, newest)


async def _current(tx: Transaction, name: str) -> Edge | None:
    try:
        return await tx.edges.lock(name)
    except rules.EdgeRemoved:
        return None  # it comes back as a new one, with all that a new one has to have first


async def _require_caught_up(tx: Transaction, edge: Edge | None, *, drained: bool) -> None:
    # Routes went up without it while it was drained: it may lack their default bindings.
    if edge is None or drained or not edge.drained or not edge.counts:
        return
    needed = await tx.edges.newest_bound()
    if edge.acknowledged < needed:
        raise rules.EdgeBehind(edge.acknowledged, needed)


def _new(name: str, now: datetime) -> Edge:
    return Edge(uuid4(), name, now)


def _shown(edge: Edge) -> dict[str, object]:
    return {"edge": edge.name, "drained": edge.drained, "acknowledged": edge.acknowledged}
