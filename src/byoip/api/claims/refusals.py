"""The records of what is refused about prefixes, tokens, delegations and reserved space."""

from datetime import UTC, datetime
from uuid import UUID

from byoip.api.problems.record import PREFIX, Record, conflict, invalid, not_found
from byoip.domain import address, asn, history, prefix
from byoip.domain.asn import Asn
from byoip.domain.claims import (
    check_waiver,
    claim,
    delegation,
    lifecycle,
    move,
    ownership_token,
    reservation,
    restorable,
)
from byoip.domain.prefix import Prefix

REFUSALS = (
    conflict(
        1113,
        history.EventNotMadeYet(4711),
        "The service was restored from a backup, or the number is of another account or "
        "prefix. Read the state again, and go on after the newest number.",
    ),
    conflict(
        1114,
        history.EventsReplaced(4711, UUID("6f9c2b1e4d3a48d7b0a1c2e3f4051627")),
        "The service was restored from a backup. Read the state again, and go on after the number "
        "in the message, with the epoch of the next answer.",
    ),
    not_found(
        1300,
        claim.ClaimNotFound(),
        "List the account's prefixes; a removed one shows only its events.",
    ),
    invalid(
        1301,
        prefix.InvalidPrefix("198.18.0.1/23", "it has host bits set; its network is 198.18.0.0/23"),
        "Give the network's first address and its length, as in 198.18.0.0/23.",
    ),
    invalid(
        1302,
        prefix.PrefixLengthRefused(Prefix.parse("198.18.0.0/25"), range(8, 25)),
        "Bring the covering prefix, or parts, of a length that is taken.",
    ),
    invalid(
        1303,
        prefix.SpecialPurposePrefix(Prefix.parse("10.0.0.0/16"), "10.0.0.0/8 (Private-Use)"),
        "Check for a typing error: such space is not routed.",
    ),
    invalid(
        1304,
        prefix.OperatorInfrastructure(PREFIX),
        "Check for a typing error, else ask the operator.",
    ),
    invalid(
        1305,
        asn.InvalidAsn(2**32),
        "Give a number that may originate routes, without `AS` before it.",
    ),
    invalid(
        1306,
        asn.OriginNotOffered(Asn(64501), [Asn(64500)]),
        "Take one of the ASNs that the message names, and make the ROA and the route object "
        "for it. A prefix that was proven for another origin is brought again for one of them; "
        "what is announced stays.",
    ),
    conflict(
        1307,
        claim.OverlapsOwnClaim(PREFIX),
        "Use the prefix that the account has, or remove it first.",
    ),
    conflict(
        1308, claim.TooManyClaims(1000), "Remove prefixes that are not needed, or ask the operator."
    ),
    conflict(
        1309,
        claim.WithdrawFirst("remove its service bindings first"),
        "Remove what hangs on the prefix, in the order that the message says.",
    ),
    conflict(
        1310,
        lifecycle.IllegalTransition(
            lifecycle.State.APPROVED, lifecycle.Transition.ALL_CHECKS_PASSED
        ),
        "Read the prefix: its state and `standing` say what is possible.",
    ),
    conflict(1320, claim.PrefixSuspended(), "Ask the operator why; routes stay as they are."),
    conflict(
        1321,
        reservation.SpaceReserved(PREFIX),
        "Ask the operator: the space may be kept for you under another account.",
    ),
    conflict(
        1326,
        restorable.NotRestorable(datetime(2026, 11, 9, 9, 30, tzinfo=UTC)),
        "Bring the prefix anew, and prove it.",
    ),
    conflict(
        1327,
        restorable.SpaceHeld(PREFIX),
        "Bring it anew: both are contested once you prove it. Or talk to the operator.",
    ),
    conflict(1322, claim.PrefixOffboarding(), "POST .../restore, if the prefix is to stay."),
    not_found(1400, ownership_token.TokenNotFound(), "List the prefix's validation tokens."),
    conflict(1401, ownership_token.TokenSpent(), "Issue a new token."),
    Record(
        429,
        1402,
        ownership_token.TooManyTokens(),
        "Publish the newest token; issuing again replaces it.",
        definitive=True,
    ),
    not_found(1550, delegation.DelegationNotFound(), "List the prefix's delegations."),
    invalid(1551, delegation.DelegateNotFound(), "Ask the other account's holder for its id."),
    invalid(1552, delegation.DelegationToOwner(), "Name another account."),
    invalid(
        1553,
        delegation.DelegationOutsidePrefix(Prefix.parse("198.18.2.0/24"), PREFIX),
        "Give a range inside the prefix.",
    ),
    invalid(1554, delegation.DelegationExpiryRefused(), "Give a later or nearer time, or none."),
    conflict(
        1555,
        delegation.DelegationOverlaps(PREFIX),
        "End the delegation that is there, or take other addresses.",
    ),
    conflict(1556, delegation.TooManyDelegations(), "End delegations that are not needed."),
    conflict(
        1800,
        reservation.OverlapsApproved(PREFIX, UUID("8b1d0f3c5a7e49d2b6c4e8f0a1b3d5c7")),
        "Revoke the approval that is in the way, or approve less.",
    ),
    conflict(
        1801,
        reservation.OverlapsReservation(PREFIX),
        "Release the reservation that is there, or reserve other space.",
    ),
    invalid(
        1802,
        reservation.ReservationLengthRefused(Prefix.parse("16.0.0.0/4")),
        "Reserve the parts that may be brought.",
    ),
    not_found(1803, reservation.ReservationNotFound(), "List the reservations."),
    Record(400, 1814, address.InvalidAddress(), "Give one address, as in 198.18.0.1."),
    invalid(
        1840,
        check_waiver.WaiverEndRefused(),
        "Give an end within a year; waive it again when that is over.",
    ),
    conflict(
        1841,
        check_waiver.RoaCovers(PREFIX),
        "Have the ROA corrected, or one published for the operator's origin.",
    ),
    not_found(1842, check_waiver.WaiverNotFound(), "List the prefix's waivers."),
    not_found(1340, move.MoveNotFound(), "List offers: GET .../moves."),
    invalid(1341, move.MoveToOwner(), "Name another account."),
    invalid(1342, move.MoveRecipientNotFound(), "Ask its holder for the id."),
    Record(
        429,
        1344,
        move.TooManyOffers(),
        "Ask the other account's holder, who may accept one that is open.",
        definitive=True,
    ),
    conflict(
        1343,
        move.HolderInDoubt(),
        "GET .../watch says who holds the space; the operator may move it.",
    ),
)
