"""Names of jobs and queues, which the store enqueues and the worker carries out."""

from typing import Final

RUN_VALIDATION: Final = "run_validation"  # keyword: run_id, 32 hex digits
LOOK_FIRST: Final = "look_first"  # keywords: token_id, 32 hex digits; retries
GENERATE_LETTER: Final = "generate_letter"  # keyword: claim_id, 32 hex digits

DEFAULT_QUEUE: Final = "default"
RPKI_QUEUE: Final = "rpki"  # served only where a cache of the RPKI is kept
LETTER_QUEUE: Final = "letters"  # served only where the operator's key is
RESCUE_RUNS: Final = "rescue_runs"
CLOSE_UNPROVEN: Final = "close_unproven"
END_EXPIRED_DELEGATIONS: Final = "end_expired_delegations"
OFFBOARD: Final = "offboard"  # goes on with all that is on its way out
REFRESH_REGISTRATIONS: Final = "refresh_registrations"
REFRESH_ROAS: Final = "refresh_roas"
RENEW_LETTERS: Final = "renew_letters"
REEVALUATE_CLAIMS: Final = "reevaluate_claims"
SETTLE_BINDINGS: Final = "settle_bindings"
WATCH_LETTERS: Final = "watch_letters"
FOLD_FIGURES: Final = "fold_figures"  # what metrics tell; it takes nothing away
WATCH_PREFIXES: Final = "watch_prefixes"  # whether what was proven is still so
TIDY_UP: Final = "tidy_up"
LOG_AUDIT_HEAD: Final = "log_audit_head"  # daily, of the operators' history
# Of every worker. A job that the version before does not know has a queue of its own name: in an
# upgrade old workers go on beside new ones, and would take it, and fail it.
QUEUES: Final = (DEFAULT_QUEUE, LOOK_FIRST, WATCH_PREFIXES, LOG_AUDIT_HEAD)
