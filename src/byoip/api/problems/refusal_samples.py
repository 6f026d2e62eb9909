"""One example of each refusal, for the documents. A test holds it complete."""

from collections.abc import Mapping
from uuid import UUID

from byoip.api.problems.problems import PROBLEMS
from byoip.api.problems.refusals import (
    DatabaseAway,
    EventNotMadeYet,
    FieldInvalid,
    FieldMissing,
    FieldUnknown,
    InternalFault,
    MalformedId,
    MalformedJson,
    MethodNotAllowed,
    QueryParameterInvalid,
    QueryParameterUnknown,
    RateLimited,
)
from byoip.domain.accounts.credential import CUSTOMER_SCOPES, Scope, ScopeMissing, ScopesRefused
from byoip.domain.asn import Asn, InvalidAsn, OriginNotOffered
from byoip.domain.bindings.edge import ChangeNotMadeYet, EdgeBehind
from byoip.domain.bindings.offered_service import ServiceInUse
from byoip.domain.bindings.service_binding import (
    BindingExists,
    BindingOutsidePrefix,
    DefaultBindingFirst,
    DefaultBindingInUse,
    DefaultOnlyService,
)
from byoip.domain.checks.registry_override import RegistryUnknown
from byoip.domain.checks.reverse_zone import NoReverseZone
from byoip.domain.checks.snapshot_refusals import SnapshotNotAcceptable
from byoip.domain.claims.claim import OverlapsOwnClaim, TooManyClaims, WithdrawFirst
from byoip.domain.claims.delegation import DelegationOutsidePrefix, DelegationOverlaps
from byoip.domain.claims.lifecycle import IllegalTransition, State, Transition
from byoip.domain.claims.reservation import (
    OverlapsApproved,
    OverlapsReservation,
    ReservationLengthRefused,
    SpaceReserved,
)
from byoip.domain.customer_text import InvalidText
from byoip.domain.errors import Refusal
from byoip.domain.jobs.job_history import JobKind, JobNotRefused
from byoip.domain.letters.loa_document import (
    DOCUMENTS_PER_ACCOUNT,
    InvalidLoaDocument,
    TooManyLoaDocuments,
)
from byoip.domain.prefix import (
    InvalidPrefix,
    OperatorInfrastructure,
    Prefix,
    PrefixLengthRefused,
    SpecialPurposePrefix,
)
from byoip.domain.routes.bgp_prefix import (
    AdvertiseStateLocked,
    BgpPrefixExists,
    BgpPrefixOutsidePrefix,
    BgpPrefixTooSpecific,
    IncompleteBgpDeployment,
    NotSupported,
)
from byoip.domain.routes.breaker import TripScope, WithdrawalsStopped
from byoip.domain.routes.offboarding import GraceNotBegun, ServiceRetired, Step
from byoip.domain.routes.route_validity import OriginNotValid, OriginUnanswered
from byoip.domain.speakers.bgp_peer import ListenerInService, SpeakerInService

_PREFIX = Prefix.parse("198.18.0.0/23")
_REQUEST_ID = "6f9c2b1e4d3a48d7b0a1c2e3f4051627"

_WITH_FACTS: tuple[Refusal, ...] = (
    MethodNotAllowed(["GET", "POST"]),
    MalformedId("prefix_id"),
    MalformedJson("syntax error at line 1, column 9"),
    FieldMissing("/cidr"),
    FieldUnknown("/cidr_block"),
    FieldInvalid("/asn", "Input should be a valid integer"),
    QueryParameterUnknown(["cursor", "per_page"]),
    QueryParameterInvalid("per_page", "is empty"),
    EventNotMadeYet(4711),
    RateLimited(6),
    InternalFault(_REQUEST_ID),
    DatabaseAway(_REQUEST_ID),
    ScopeMissing(Scope.PREFIXES_WRITE),
    InvalidAsn(2**32),
    OriginNotOffered(Asn(64501), [Asn(64500)]),
    InvalidText("it is longer than 1000 characters"),
    InvalidPrefix("198.18.0.1/23", "it has host bits set"),
    PrefixLengthRefused(Prefix.parse("198.18.0.0/25"), range(8, 25)),
    SpecialPurposePrefix(Prefix.parse("10.0.0.0/16"), "10.0.0.0/8 (Private-Use)"),
    OperatorInfrastructure(_PREFIX),
    NoReverseZone(Prefix.parse("198.18.0.1/32")),
    OverlapsOwnClaim(_PREFIX),
    TooManyClaims(1000),
    WithdrawFirst("remove its service bindings first"),
    BgpPrefixOutsidePrefix(Prefix.parse("198.18.2.0/24"), _PREFIX),
    BgpPrefixTooSpecific(Prefix.parse("198.18.0.0/25")),
    AdvertiseStateLocked(_PREFIX),
    BgpPrefixExists(_PREFIX),
    IncompleteBgpDeployment("no service is bound to the whole prefix"),
    NotSupported("auto_advertise_withdraw"),
    OriginNotValid(
        "No ROA covers 198.18.0.0/24.",
        "Publish a ROA at the registry of the space: prefix 198.18.0.0/24, origin AS64500, max "
        "length 24.",
    ),
    OriginUnanswered("The newest ROA data is older than 24 hours."),
    WithdrawalsStopped(TripScope.ACCOUNT),
    IllegalTransition(State.APPROVED, Transition.ALL_CHECKS_PASSED),
    GraceNotBegun(Step.CONFIRM),
    ServiceRetired("8b1d0f3c5a7e49d2b6c4e8f0a1b3d5c7"),
    JobNotRefused(JobKind.OFFBOARD),
    SpeakerInService("it was asked within the last 5 minutes"),
    ListenerInService("this process has it in its settings"),
    BindingOutsidePrefix(Prefix.parse("198.18.2.0/24"), _PREFIX),
    DefaultBindingFirst(_PREFIX),
    BindingExists(_PREFIX),
    DefaultOnlyService("Scrubbing"),
    DefaultBindingInUse("remove the more specific bindings first"),
    DelegationOutsidePrefix(Prefix.parse("198.18.2.0/24"), _PREFIX),
    DelegationOverlaps(_PREFIX),
    InvalidLoaDocument("it is not a PDF"),
    SpaceReserved(_PREFIX),
    OverlapsApproved(_PREFIX, UUID("8b1d0f3c5a7e49d2b6c4e8f0a1b3d5c7")),
    OverlapsReservation(_PREFIX),
    ReservationLengthRefused(Prefix.parse("16.0.0.0/4")),
    ServiceInUse("3 bindings rest on it"),
    ScopesRefused(CUSTOMER_SCOPES),
    RegistryUnknown(["arin", "ripencc"]),
    SnapshotNotAcceptable("it was accepted before"),
    ChangeNotMadeYet(4711),
    EdgeBehind(4710, 4711),
    TooManyLoaDocuments(DOCUMENTS_PER_ACCOUNT),
)


def _all() -> dict[type[Refusal], Refusal]:
    samples = {type(refusal): refusal for refusal in _WITH_FACTS}
    bare = (kind for kind in PROBLEMS if kind not in samples)
    return samples | {kind: kind() for kind in bare}  # type: ignore[call-arg]  # no facts to give


SAMPLES: Mapping[type[Refusal], Refusal] = _all()
