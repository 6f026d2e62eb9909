"""Names that whoever enqueues a job and whoever carries it out agree on."""

from typing import Final

RUN_VALIDATION: Final = "run_validation"  # keyword: run_id, 32 hex digits

DEFAULT_QUEUE: Final = "default"
RPKI_QUEUE: Final = "rpki"  # served only where a cache of the RPKI is kept
RESCUE_RUNS: Final = "rescue_runs"
CLOSE_UNPROVEN: Final = "close_unproven"
REFRESH_REGISTRATIONS: Final = "refresh_registrations"
REFRESH_ROAS: Final = "refresh_roas"
TIDY_UP: Final = "tidy_up"
