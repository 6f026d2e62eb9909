"""The records of what is refused about speakers and the routes that they hold."""

from byoip.api.problems.record import PREFIX, conflict, invalid, not_found
from byoip.domain.speakers import bgp_peer, drain, revision, route_snapshot

_STAGE = drain.DrainTarget(stage=1)

REFUSALS = (
    conflict(
        1815,
        bgp_peer.ListenerInService("this process has it in its settings"),
        "Take it out of the settings of every worker and API process, restart those, and wait.",
    ),
    not_found(
        1825,
        route_snapshot.RouteSnapshotNotFound(),
        "`byoip advertise snapshots` lists the kept ones.",
    ),
    not_found(1826, route_snapshot.OrphanNotFound(), "`byoip advertise orphans` lists them."),
    not_found(
        1827, bgp_peer.SpeakerNotFound(), "GET /operator/routes lists those that are on record."
    ),
    conflict(
        1828,
        bgp_peer.SpeakerInService("it was asked within the last 5 minutes"),
        "Withdraw there what is to be withdrawn, take it out of the settings of every "
        "worker and API process, restart those, and wait.",
    ),
    not_found(
        1829, bgp_peer.ListenerNotFound(), "GET /operator/routes lists those that are on record."
    ),
    not_found(
        1850,
        revision.ProposalNotFound(),
        "`byoip operator speakers plan` lists what workers propose; start one with these settings.",
    ),
    conflict(
        1851,
        revision.RevisionTravels(4),
        "Wait until it is in force, or take it back: `byoip operator speakers take-back`.",
    ),
    conflict(
        1852,
        revision.RevisionMoved(5),
        "Look at the plan again: `byoip operator speakers plan`.",
    ),
    conflict(1853, revision.RevisionUnchanged(4), "There is nothing to apply."),
    conflict(
        1854,
        revision.PrependsWouldBeLost("ams1", 64500, PREFIX),
        "Give the speaker `prepend_communities`, or have the customers end those prepends first.",
    ),
    conflict(1855, revision.NothingTravels(), "There is nothing to take back."),
    conflict(
        1856,
        route_snapshot.OrphansChanged("ams1", 201, 200),
        "`byoip operator routes orphans` lists them: look again.",
    ),
    not_found(
        1857,
        drain.DrainTargetNotFound(drain.DrainTarget("ams1", "192.0.2.9")),
        "`byoip operator speakers plan` shows the settings that count; a neighbour is named by its "
        "address, once a worker has found it at the speaker.",
    ),
    not_found(1858, drain.DrainNotFound(), "`byoip operator speakers drains` lists them."),
    conflict(
        1859,
        drain.DrainedAlready(_STAGE),
        "Lift it first, if it is to end at another time: `byoip operator speakers drains`.",
    ),
    invalid(
        1860, drain.DrainEndRefused(), "Give an end within a month; drain again when that is over."
    ),
    conflict(
        1861,
        drain.DrainWouldLose(_STAGE, 950),
        "Bring other speakers up first, or lift their drains. If these routes are to go down, say "
        "how many: `loses`.",
    ),
)
