"""The records of what is refused about BGP prefixes, the breaker, offboarding and jobs."""

from datetime import timedelta

from byoip.api.problems.record import PREFIX, Record, conflict, invalid, not_found
from byoip.domain.asn import Asn
from byoip.domain.jobs import job_history
from byoip.domain.prefix import Prefix
from byoip.domain.routes import (
    bgp_prefix,
    breaker,
    flaps,
    offboarding,
    prepending,
    route_validity,
)

REFUSALS = (
    conflict(
        1004,  # as v4 clients know it
        bgp_prefix.IncompleteBgpDeployment(),
        "Bind a service to the whole prefix, wait until the binding is `active`, and try again.",
    ),
    conflict(
        1323,
        offboarding.GraceNotBegun(offboarding.Step.CONFIRM),
        "Wait until `events` say `offboarding.unbound`, or restore the prefix.",
    ),
    conflict(1324, offboarding.NothingToOffboard(), "DELETE the prefix."),
    conflict(
        1325,
        offboarding.ServiceRetired("8b1d0f3c5a7e49d2b6c4e8f0a1b3d5c7"),
        "Ask the operator; the prefix can still be let go.",
    ),
    not_found(1700, bgp_prefix.BgpPrefixNotFound(), "List the prefix's BGP prefixes."),
    invalid(
        1701,
        bgp_prefix.BgpPrefixOutsidePrefix(Prefix.parse("198.18.2.0/24"), PREFIX),
        "Give a route inside the prefix, or bring the other space.",
    ),
    invalid(
        1702,
        bgp_prefix.BgpPrefixTooSpecific(Prefix.parse("198.18.0.0/25")),
        "Announce the covering /24 (IPv4) or /48 (IPv6).",
    ),
    conflict(1703, bgp_prefix.BgpPrefixExists(PREFIX), "PATCH the BGP prefix that is there."),
    conflict(
        1704,
        bgp_prefix.TooManyBgpPrefixes(),
        "Withdraw and delete BGP prefixes that are not needed.",
    ),
    Record(
        409,
        1705,  # as v4 clients know it
        bgp_prefix.AdvertiseStateLocked(["fra1"]),
        "Wait until the default binding is `active` at every edge, and try again.",
    ),
    conflict(
        1706,
        bgp_prefix.Contested(),
        "Wait until the other account has left, or ask the operator, who approves the prefix by "
        "hand where the space was left after a change of holder, and may announce a route of the "
        "account that holds the approval, with a reason, and never of the other. Meanwhile "
        "bind, swap, unbind and withdraw as you like; only announcing is refused. Where another "
        "account still serves the same space, binding the whole of it is refused as well.",
    ),
    conflict(
        1707,
        breaker.WithdrawalsStopped(breaker.TripScope.ACCOUNT),
        "Nothing was changed, the route is still announced. Ask the operator to look and "
        "re-arm, then repeat the request.",
    ),
    invalid(
        1708,
        bgp_prefix.NotSupported("auto_advertise_withdraw"),
        "Leave the member out, or send false.",
    ),
    conflict(
        1709,
        route_validity.OriginNotValid(
            "No ROA covers 198.18.0.0/24.",
            "Publish a ROA at the registry of the space: prefix 198.18.0.0/24, origin AS64500, "
            "max length 24.",
        ),
        "Publish the ROA that the message names, wait until relying parties have it, and "
        "try again.",
    ),
    Record(
        409,
        1710,
        route_validity.OriginUnanswered("The newest ROA data is older than 24 hours."),
        "Wait a few minutes: ROA data is being refreshed.",
    ),
    conflict(1711, bgp_prefix.LockedByOperator(PREFIX), "Ask the operator to unlock it."),
    Record(
        429,
        1712,
        flaps.AnnouncedTooOften(6, timedelta(minutes=1)),
        "Wait for `Retry-After`, and leave the route as it is: each further withdrawal within the "
        "hour doubles the wait. Withdrawals are never refused for this.",
    ),
    conflict(
        1713,
        prepending.PrependWouldRemove(Asn(64500)),
        "Leave `asn_prepend_count` at 0, or ask the operator.",
    ),
    not_found(1820, breaker.TripNotFound(), "GET /operator/breaker lists the open ones."),
    not_found(1821, job_history.JobUnknown(), "Take a kind that the message names."),
    conflict(
        1822,
        job_history.JobNotRefused(job_history.JobKind.OFFBOARD),
        "Nothing waits: look at `waiting` under GET /operator/jobs.",
    ),
)
