"""Words that the API knows, so that a shell completes them and others are refused unasked.

The service has the same in its domain; `tests/cli/test_choices.py` compares them.
"""

from enum import StrEnum


class Scope(StrEnum):
    """What a credential allows."""

    PREFIXES_READ = "prefixes:read"
    PREFIXES_WRITE = "prefixes:write"
    BGP_READ = "bgp:read"
    BGP_WRITE = "bgp:write"
    EDGE_READ = "edge:read"
    EDGE_ACK = "edge:ack"
    OPERATOR = "operator"


class JobKind(StrEnum):
    """What workers do without a request at that moment."""

    OFFBOARD = "offboard"
    CLOSE_UNPROVEN = "close_unproven"
    END_EXPIRED_DELEGATIONS = "end_expired_delegations"
    ROLL_BACK = "roll_back"
    REEVALUATE_CLAIMS = "reevaluate_claims"
    SETTLE_BINDINGS = "settle_bindings"
    WATCH_LETTERS = "watch_letters"
    RENEW_LETTERS = "renew_letters"
    RESCUE_RUNS = "rescue_runs"
    REFRESH_ROAS = "refresh_roas"
    REFRESH_REGISTRATIONS = "refresh_registrations"
    TIDY_UP = "tidy_up"
    WATCH_PREFIXES = "watch_prefixes"


class Parked(StrEnum):
    """What becomes of the withdrawals that a breaker has stopped, when it is re-armed."""

    RELEASED = "released"
    CANCELLED = "cancelled"


class Side(StrEnum):
    """Who is who in a dispute."""

    HOLDER = "holder"
    CLAIMANT = "claimant"


class Signal(StrEnum):
    """What is watched of an approved prefix."""

    ROA = "roa"
    ROA_INVALID = "roa_invalid"
    ROUTE_OBJECT = "route_object"
    REVERSE_ZONE = "reverse_zone"
    ZONE_SERVERS = "zone_servers"
    HOLDER = "holder"
    PROOF = "proof"


class Waivable(StrEnum):
    """The checks that can be waived."""

    IRR = "irr"
    RPKI = "rpki"


class Standing(StrEnum):
    """Whether something is in the way that its customer cannot clear alone."""

    OK = "ok"
    CONTESTED = "contested"
    SUSPENDED = "suspended"
    OFFBOARDING = "offboarding"
