"""What a registry says instead of an answer, and what that means to us."""

import re
from typing import Final

from byoip.domain.checks.evidence import Fault

# Codes of the RIPE database (its QueryMessages.java); APNIC and AFRINIC run descendants of it.
# Over REST the same messages come without the leading `%`.
_CODE: Final = re.compile(r"ERROR:([0-9]{3})\b[: ]*([^\r\n]*)", re.ASCII)
NO_ENTRIES: Final = 101
_FAULTS: Final = {
    201: Fault.REFUSED,  # access denied: daily limit, or for good after repeated excess
    203: Fault.REFUSED,  # not allowed to act as a proxy
    305: Fault.TIMEOUT,  # closed after a period of inactivity
    306: Fault.REFUSED,  # too many connections from this address
}
# Refusals without a code: IRRd's `%% Access denied`, and what filters in front of servers say.
_REFUSAL: Final = re.compile(
    r"denied|blocked|banned|exceeded|quota|too many|rate.?limit", re.IGNORECASE
)


class NotAnAnswer(Exception):  # noqa: N818 - the other side's fault, not ours
    """The bytes that came back cannot be judged, for this reason."""

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault
        self.detail = detail


def error_codes(text: str) -> list[tuple[int, str]]:
    """Every error the text reports, with its message."""
    return [(int(code), message[:200]) for code, message in _CODE.findall(text)]


def fault_of(code: int, message: str) -> NotAnAnswer:
    """What to make of an error code other than `NO_ENTRIES`."""
    fault = _FAULTS.get(code, Fault.SERVER_FAILURE)
    return NotAnAnswer(fault, f"the registry answered error {code}: {message}")


def is_refusal(text: str) -> bool:
    """Whether words without a code say that the server will not serve us."""
    return _REFUSAL.search(text) is not None
