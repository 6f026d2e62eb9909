"""The records of what is refused about customers' own AS numbers."""

from byoip.api.problems.record import Record, conflict, invalid, not_found
from byoip.domain.asn import Asn
from byoip.domain.asns import aspa, disputed, own_asn

_ASN = Asn(3320)

REFUSALS = (
    not_found(1950, own_asn.OwnAsnNotFound(), "List the account's AS numbers."),
    conflict(1951, own_asn.OwnAsnExists(_ASN), "List the account's AS numbers."),
    conflict(
        1952, own_asn.TooManyOwnAsns(), "Remove numbers that are not needed, or ask the operator."
    ),
    invalid(
        1953,
        own_asn.OwnAsnsNotOffered(),
        "Take an origin of the operator's, or ask the operator.",
    ),
    invalid(
        1954,
        own_asn.OwnAsnRefused(_ASN, "it is reserved"),
        "Take another number, or an origin of the operator's.",
    ),
    conflict(
        1955,
        own_asn.AsnProvenByAnother(_ASN),
        "Wait for the operator's decision; `dispute` of the number says since when, and until when "
        "the other account may answer. As the operator: decide the dispute, or revoke the other "
        "account's proof.",
    ),
    conflict(
        1956,
        own_asn.OwnAsnInUse("198.18.0.0/23"),
        "Remove the prefix that the message names, or leave the number.",
    ),
    conflict(1957, own_asn.OwnAsnTokenSpent(), "Nothing is left to do."),
    conflict(1958, own_asn.OwnAsnNotProven(), "Read the number: its state says how it stands."),
    conflict(
        1959,
        aspa.AspaExcludesOperator(
            "The ASPA of AS3320 lists AS3257, and not AS64500.",
            aspa.to_publish(_ASN, Asn(64500), [Asn(3257)]),
        ),
        "Publish the ASPA that the message asks for, and wait until ROA data is loaded again.",
    ),
    Record(
        409,
        1960,
        aspa.AspaUnanswered("The newest ROA data was built at 2026-11-01T08:00:00Z."),
        "Wait for `Retry-After`. What is announced stays so.",
    ),
    conflict(
        1961,
        disputed.AsnDisputed(_ASN),
        "Take another origin, or tell the operator whose the number is, and wait for a decision.",
    ),
)
