"""Who asks? One credential, one way to give it."""

import re
from collections.abc import Iterable

from byoip.domain.accounts.credential import Credential, NotAuthenticated, TwoCredentials
from byoip.store.accounts.credentials import CredentialReader

# RFC 6750, section 2.1, bounded.
_BEARER = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9\-._~+/]{1,512}=*)")
_KEY = re.compile(rb"([A-Za-z0-9\-._~+/]{1,512}=*)")
_HEADERS = (b"authorization", b"x-auth-key", b"x-auth-email")


def given_token(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The token in the request's headers; names are lowercase, as ASGI has them.

    Either `Authorization: Bearer`, or the older pair `X-Auth-Email` and `X-Auth-Key`, where the
    key is a token and the e-mail address is ignored.

    Raises:
        TwoCredentials: both ways at once, or one of them twice.
        NotAuthenticated: none, or not in the right form.
    """
    given = [(name, value) for name, value in headers if name in _HEADERS]
    names = [name for name, _ in given]
    if len(set(names)) < len(names) or (b"authorization" in names and len(names) > 1):
        raise TwoCredentials
    for name, value in given:
        if name == b"authorization":
            match = _BEARER.fullmatch(value.strip())
        elif name == b"x-auth-key":
            match = _KEY.fullmatch(value.strip())
        else:
            continue
        if match:
            return match[1].decode("ascii")
    raise NotAuthenticated


async def authenticate(
    headers: Iterable[tuple[bytes, bytes]], credentials: CredentialReader
) -> Credential:
    """The credential that a request carries.

    Raises:
        TwoCredentials, NotAuthenticated: as above; also for unknown, revoked and expired ones.
    """
    credential = await credentials.recognise(given_token(headers))
    if credential is None:
        raise NotAuthenticated
    return credential
