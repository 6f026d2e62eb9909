"""Attempts to sign in at the identity provider: begun here, kept by the browser meanwhile.

Each has a cookie of its own, named after its state, which no other site can set (`__Host-`): so
nobody is signed in by a link that somebody else began, and tabs do not disturb each other.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

from starlette.responses import Response

from byoip.domain.accounts.sign_in import ATTEMPT_HOLDS
from byoip.ports.identity_provider import Attempt
from byoip.web.forms import cookie_of
from byoip.web.site import NotServed, SignsIn
from byoip.web.visiting import NOT_KEPT, Visit

BACK: Final = "/ui/enter/provider/back"
_STATE: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_NAMES: Final = re.compile(r"__Host-login-([0-9a-f]{64})=.", re.ASCII)
_KEPT: Final = re.compile(
    r"([0-9a-f]{64})\.([0-9a-f]{64})\.([0-9a-f]{32}|)\.([A-Za-z0-9_=-]*)"
    r"\.([0-9]{15,17})\.([0-9a-f]{64})"
)
_HERE: Final = re.compile(r"/ui(?:[/?][A-Za-z0-9/_.~%&=?:+,-]*)?", re.ASCII)
_LONGEST: Final = 500
_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_MOST: Final = 16  # attempts of a browser: of 64 kB of cookies no server reads a request
_COOKIE: Final = "{}={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={}"


@dataclass(frozen=True, slots=True)
class Begun:
    """An attempt, as the browser kept it.

    Attributes:
        checks: the session that is only to be confirmed; None: a new one begins.
        to: the page of ours to lead on to.
    """

    attempt: Attempt
    checks: UUID | None
    to: str


def provider_of(visit: Visit) -> SignsIn:
    """How people sign in elsewhere.

    Raises:
        NotServed: they come by links alone.
    """
    if visit.site.elsewhere is None:
        raise NotServed(404, "Not found", "People sign in here by one-time links.")
    return visit.site.elsewhere


async def begin(visit: Visit, to: str, *, checks: UUID | None = None) -> Response:
    """Lead the browser to the provider; with a session to check, it is asked nothing there.

    As often as anyone likes: nothing is kept here, and the provider is asked nothing by us. A limit
    would be of all who come by one proxy, and a stranger would use it up.

    Raises:
        ProviderAway: it cannot be asked where that is.
    """
    signs = provider_of(visit)
    mint = visit.site.mint
    state, nonce, verifier = (f"{mint.mint()}{mint.mint()}" for _ in range(3))
    attempt = Attempt(state, nonce, verifier, visit.now)
    back = f"{visit.site.public_url}{BACK}"
    address = await signs.provider.address(attempt, back, silently=checks is not None)
    where = urlsafe_b64encode(here(to).encode()).decode()
    since = f"{(visit.now - _EPOCH) // _MICROSECOND}.{signs.provider.seal(attempt)}"
    kept = f"{nonce}.{verifier}.{'' if checks is None else checks.hex}.{where}.{since}"
    lasts = int(ATTEMPT_HOLDS.total_seconds())
    headers = {**NOT_KEPT, "location": address, "set-cookie": _cookie(state, kept, lasts)}
    answer = Response(status_code=303, headers=headers)
    sent = ";".join(visit.request.headers.getlist("cookie"))
    for old in _NAMES.findall(sent)[: 1 - _MOST]:  # browsers send the oldest first
        over(answer, old)
    return answer


def begun(visit: Visit, state: str) -> Begun | None:
    """The attempt of this browser that a state names; None: it began none, or long ago."""
    if not _STATE.fullmatch(state):
        return None
    kept = cookie_of(visit.request.headers.getlist("cookie"), _name(state))
    if (parts := _KEPT.fullmatch(kept)) is None:
        return None
    nonce, verifier, checks, where, since, seal = parts.groups()
    try:
        to = urlsafe_b64decode(where).decode()
        attempt = Attempt(state, nonce, verifier, _EPOCH + int(since) * _MICROSECOND)
    except (ValueError, OverflowError):
        return None
    if not compare_digest(seal, provider_of(visit).provider.seal(attempt)):
        return None
    if visit.now - attempt.begun_at > ATTEMPT_HOLDS:
        return None
    return Begun(attempt, UUID(checks) if checks else None, here(to))


def over(answer: Response, state: str) -> Response:
    """The answer, by which the browser forgets the attempt."""
    answer.headers.append("set-cookie", _cookie(state, "", 0))
    return answer


def here(to: str) -> str:
    """A page of ours, below /ui; anything else leads to the first one."""
    return to if len(to) <= _LONGEST and _HERE.fullmatch(to) else "/ui"


def client_id(visit: Visit) -> UUID:
    """Who asks, as what their permits are counted by."""
    return uuid5(NAMESPACE_URL, f"client:{visit.site.client(visit.request.scope)}")


def _name(state: str) -> str:
    return f"__Host-login-{state}"


def _cookie(state: str, kept: str, seconds: int) -> str:
    return _COOKIE.format(_name(state), kept, seconds)
