"""Which refusal is which code and status: one table, the home of the wire's error contract."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from byoip.api.problems.refusals import (
    BodyTooLarge,
    DatabaseAway,
    EventNotMadeYet,
    FieldInvalid,
    FieldMissing,
    FieldUnknown,
    InternalFault,
    MalformedForm,
    MalformedId,
    MalformedIdempotencyKey,
    MalformedJson,
    MethodNotAllowed,
    QueryParameterInvalid,
    QueryParameterUnknown,
    RateLimited,
    RouteNotFound,
    WrongMediaType,
)
from byoip.domain.accounts.credential import (
    AccountNotFound,
    CredentialNotFound,
    ExpiryRefused,
    NotAuthenticated,
    ScopeMissing,
    ScopesRefused,
    TwoCredentials,
)
from byoip.domain.address import InvalidAddress
from byoip.domain.asn import InvalidAsn, OriginNotOffered
from byoip.domain.bindings.edge import (
    ChangeNotMadeYet,
    EdgeBehind,
    EdgeNotFound,
    EdgeRemoved,
    FeedReplaced,
    InvalidEdgeName,
)
from byoip.domain.bindings.offered_service import ServiceExists, ServiceInUse, ServiceNotOffered
from byoip.domain.bindings.service_binding import (
    BindingExists,
    BindingNotFound,
    BindingOutsidePrefix,
    DefaultBindingFirst,
    DefaultBindingInUse,
    DefaultOnlyService,
    PrefixNotApproved,
    ServiceNotFound,
    TooManyBindings,
)
from byoip.domain.checks.registry_override import OverrideNotFound, RegistryUnknown
from byoip.domain.checks.reverse_zone import NoReverseZone
from byoip.domain.checks.snapshot_refusals import SnapshotNotAcceptable, SnapshotNotFound
from byoip.domain.checks.validation_run import ValidationNotFound
from byoip.domain.claims.claim import (
    ClaimNotFound,
    OverlapsOwnClaim,
    PrefixOffboarding,
    PrefixSuspended,
    TooManyClaims,
    WithdrawFirst,
)
from byoip.domain.claims.delegation import (
    DelegateNotFound,
    DelegationExpiryRefused,
    DelegationNotFound,
    DelegationOutsidePrefix,
    DelegationOverlaps,
    DelegationToOwner,
    TooManyDelegations,
)
from byoip.domain.claims.lifecycle import IllegalTransition
from byoip.domain.claims.ownership_token import TokenNotFound, TokenSpent, TooManyTokens
from byoip.domain.claims.reservation import (
    OverlapsApproved,
    OverlapsReservation,
    ReservationLengthRefused,
    ReservationNotFound,
    SpaceReserved,
)
from byoip.domain.customer_text import InvalidText
from byoip.domain.errors import Refusal
from byoip.domain.idempotency import IdempotencyKeyBusy, IdempotencyKeyReused
from byoip.domain.jobs.job_history import JobNotRefused, JobUnknown
from byoip.domain.letters.letter import LetterNotFound
from byoip.domain.letters.loa_document import (
    InvalidLoaDocument,
    LoaDocumentNotFound,
    LoaDocumentUnknown,
    TooManyLoaDocuments,
)
from byoip.domain.precondition import PreconditionFailed, PreconditionRequired
from byoip.domain.prefix import (
    InvalidPrefix,
    OperatorInfrastructure,
    PrefixLengthRefused,
    SpecialPurposePrefix,
)
from byoip.domain.routes.bgp_prefix import (
    AdvertiseStateLocked,
    BgpPrefixExists,
    BgpPrefixNotFound,
    BgpPrefixOutsidePrefix,
    BgpPrefixTooSpecific,
    Contested,
    IncompleteBgpDeployment,
    NotSupported,
    TooManyBgpPrefixes,
)
from byoip.domain.routes.breaker import TripNotFound, WithdrawalsStopped
from byoip.domain.routes.offboarding import GraceNotBegun, NothingToOffboard, ServiceRetired
from byoip.domain.routes.route_validity import OriginNotValid, OriginUnanswered
from byoip.domain.speakers.bgp_peer import (
    ListenerInService,
    ListenerNotFound,
    SpeakerInService,
    SpeakerNotFound,
)
from byoip.domain.speakers.route_snapshot import OrphanNotFound, RouteSnapshotNotFound


@dataclass(frozen=True, slots=True)
class Problem:
    """How a refusal looks on the wire.

    Attributes:
        code: stable number, at least 1000, one for each name. 1004 is kept for a name that v4
            clients know.
        status: of the HTTP answer.
        definitive: asking again unchanged cannot help. Official clients repeat 409 and 429 by
            themselves, so these answers carry `x-should-retry: false`.
    """

    code: int
    status: int
    definitive: bool = False


PROBLEMS: Mapping[type[Refusal], Problem] = MappingProxyType(
    {
        # the request itself
        RouteNotFound: Problem(1100, 404),
        MethodNotAllowed: Problem(1101, 405),
        MalformedId: Problem(1102, 400),
        MalformedJson: Problem(1103, 400),
        WrongMediaType: Problem(1104, 415),
        BodyTooLarge: Problem(1105, 413),
        FieldMissing: Problem(1106, 422),
        FieldUnknown: Problem(1107, 422),
        FieldInvalid: Problem(1108, 422),
        QueryParameterUnknown: Problem(1109, 422),
        QueryParameterInvalid: Problem(1110, 422),
        InvalidText: Problem(1111, 422),
        MalformedForm: Problem(1112, 400),
        EventNotMadeYet: Problem(1113, 409, definitive=True),
        MalformedIdempotencyKey: Problem(1120, 400),
        IdempotencyKeyReused: Problem(1121, 422),
        IdempotencyKeyBusy: Problem(1122, 409),
        RateLimited: Problem(1130, 429),
        PreconditionFailed: Problem(1140, 412),
        PreconditionRequired: Problem(1141, 428),
        # who asks
        NotAuthenticated: Problem(1200, 401),
        TwoCredentials: Problem(1201, 400),
        ScopeMissing: Problem(1202, 403),
        AccountNotFound: Problem(1203, 404),
        # prefixes
        ClaimNotFound: Problem(1300, 404),
        InvalidPrefix: Problem(1301, 422),
        PrefixLengthRefused: Problem(1302, 422),
        SpecialPurposePrefix: Problem(1303, 422),
        OperatorInfrastructure: Problem(1304, 422),
        InvalidAsn: Problem(1305, 422),
        OriginNotOffered: Problem(1306, 422),
        OverlapsOwnClaim: Problem(1307, 409, definitive=True),
        TooManyClaims: Problem(1308, 409, definitive=True),
        WithdrawFirst: Problem(1309, 409, definitive=True),
        IllegalTransition: Problem(1310, 409, definitive=True),
        NoReverseZone: Problem(1311, 422),
        PrefixSuspended: Problem(1320, 409, definitive=True),
        PrefixOffboarding: Problem(1322, 409, definitive=True),
        GraceNotBegun: Problem(1323, 409, definitive=True),
        NothingToOffboard: Problem(1324, 409, definitive=True),
        ServiceRetired: Problem(1325, 409, definitive=True),
        SpaceReserved: Problem(1321, 409, definitive=True),
        # proof
        TokenNotFound: Problem(1400, 404),
        TokenSpent: Problem(1401, 409, definitive=True),
        TooManyTokens: Problem(1402, 429, definitive=True),
        ValidationNotFound: Problem(1403, 404),
        # services
        ServiceNotFound: Problem(1500, 422),
        BindingNotFound: Problem(1501, 404),
        PrefixNotApproved: Problem(1502, 409, definitive=True),
        BindingOutsidePrefix: Problem(1503, 422),
        DefaultBindingFirst: Problem(1504, 409, definitive=True),
        BindingExists: Problem(1505, 409, definitive=True),
        DefaultOnlyService: Problem(1506, 422),
        DefaultBindingInUse: Problem(1507, 409, definitive=True),
        TooManyBindings: Problem(1508, 409, definitive=True),
        # delegations
        DelegationNotFound: Problem(1550, 404),
        DelegateNotFound: Problem(1551, 422),
        DelegationToOwner: Problem(1552, 422),
        DelegationOutsidePrefix: Problem(1553, 422),
        DelegationExpiryRefused: Problem(1554, 422),
        DelegationOverlaps: Problem(1555, 409, definitive=True),
        TooManyDelegations: Problem(1556, 409, definitive=True),
        # letters
        LoaDocumentNotFound: Problem(1600, 404),
        InvalidLoaDocument: Problem(1601, 422),
        LetterNotFound: Problem(1602, 404),
        LoaDocumentUnknown: Problem(1603, 422),
        TooManyLoaDocuments: Problem(1604, 409, definitive=True),
        # advertising; 1004 as v4 clients know it
        IncompleteBgpDeployment: Problem(1004, 409, definitive=True),
        BgpPrefixNotFound: Problem(1700, 404),
        BgpPrefixOutsidePrefix: Problem(1701, 422),
        BgpPrefixTooSpecific: Problem(1702, 422),
        BgpPrefixExists: Problem(1703, 409, definitive=True),
        TooManyBgpPrefixes: Problem(1704, 409, definitive=True),
        AdvertiseStateLocked: Problem(1705, 409, definitive=True),
        Contested: Problem(1706, 409, definitive=True),
        WithdrawalsStopped: Problem(1707, 409, definitive=True),
        NotSupported: Problem(1708, 422),
        OriginNotValid: Problem(1709, 409, definitive=True),
        OriginUnanswered: Problem(1710, 409),
        # operators
        TripNotFound: Problem(1820, 404),
        RouteSnapshotNotFound: Problem(1825, 404),
        OrphanNotFound: Problem(1826, 404),
        SpeakerNotFound: Problem(1827, 404),
        SpeakerInService: Problem(1828, 409, definitive=True),
        ListenerNotFound: Problem(1829, 404),
        ListenerInService: Problem(1815, 409, definitive=True),
        JobUnknown: Problem(1821, 404),
        JobNotRefused: Problem(1822, 409, definitive=True),
        OverlapsApproved: Problem(1800, 409, definitive=True),
        OverlapsReservation: Problem(1801, 409, definitive=True),
        ReservationLengthRefused: Problem(1802, 422),
        ReservationNotFound: Problem(1803, 404),
        ServiceInUse: Problem(1804, 409, definitive=True),
        ServiceExists: Problem(1805, 409, definitive=True),
        ServiceNotOffered: Problem(1806, 404),
        ScopesRefused: Problem(1807, 422),
        ExpiryRefused: Problem(1808, 422),
        CredentialNotFound: Problem(1809, 404),
        RegistryUnknown: Problem(1810, 422),
        OverrideNotFound: Problem(1811, 404),
        SnapshotNotFound: Problem(1812, 404),
        SnapshotNotAcceptable: Problem(1813, 409, definitive=True),
        InvalidAddress: Problem(1814, 400),
        # edges
        InvalidEdgeName: Problem(1830, 422),
        EdgeNotFound: Problem(1831, 404),
        EdgeRemoved: Problem(1832, 409, definitive=True),
        ChangeNotMadeYet: Problem(1833, 409, definitive=True),
        EdgeBehind: Problem(1834, 409, definitive=True),
        FeedReplaced: Problem(1835, 409, definitive=True),
        # ours
        InternalFault: Problem(1900, 500),
        DatabaseAway: Problem(1901, 503),
    }
)


def problem_of(refusal: Refusal) -> Problem:
    """Its line in the table."""
    return PROBLEMS[type(refusal)]
