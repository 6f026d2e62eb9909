"""What an OpenID provider says of itself, asked with deadlines, caps, and of listed hosts alone."""

import asyncio
import json
import logging
import ssl
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import quote_plus, urlencode, urlsplit

import httpx

from byoip.adapters.bounded_get import bounded_ask
from byoip.adapters.checks.whois_dialects import NotAnAnswer
from byoip.adapters.http_pieces import trusted
from byoip.domain.accounts.sign_in import ProviderAway
from byoip.domain.rdap.network import legible

log = logging.getLogger("byoip.sign_in")

SECONDS: Final = 10.0  # for one answer
MAX_BYTES: Final = 256 * 1024
HOLDS: Final = 3600.0  # seconds, that what a provider says of itself is believed
_AFTER_A_FAULT: Final = 5.0  # seconds, in which it is not asked again
_LONGEST_URL: Final = 2000
_OK, _BAD_REQUEST, _UNAUTHORIZED = 200, 400, 401

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Client:
    """What the provider knows us as, and what we take from it.

    Attributes:
        issuer: exactly as the provider writes it.
        hosts: `host` or `host:port` of endpoints beside those of the issuer's own.
        groups_claim, name_claim: claims of the ID token.
        signed: whether it is to sign what browsers bring, if it says that it can.
        tls: whom to trust; None: whom this machine does.
    """

    issuer: str
    client_id: str
    secret: str = field(repr=False)
    hosts: frozenset[str] = frozenset()
    groups_claim: str = "groups"
    name_claim: str = "name"
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    signed: bool = True
    tls: ssl.SSLContext | None = None


class Odd(Exception):  # noqa: N818 - a value: what the provider did
    """The provider did not answer as one; the message says how."""


class Asked:
    """Something that a provider said, remembered for a while; of many that ask one does."""

    def __init__(self) -> None:
        self.at, self.failed_at = float("-inf"), float("-inf")
        self._lock = asyncio.Lock()
        self._known: Any = None

    def failing(self, lately: float) -> bool:
        """Whether the last answer was none, so many seconds ago at most, or it is asked again."""
        again = self._lock.locked() or time.monotonic() - self.failed_at < lately
        return self.failed_at > self.at and again

    async def get(self, younger: float, ask: Callable[[], Any]) -> Any:
        """What is known and younger than so many seconds, or what is said now.

        Raises:
            ProviderAway: nothing usable is said, or was not a few seconds ago.
        """
        async with self._lock:
            now = time.monotonic()
            if now - self.at < younger:
                return self._known
            if now - self.failed_at < _AFTER_A_FAULT:
                raise ProviderAway
            try:
                self._known = await ask()
            except Odd as odd:
                self.failed_at = time.monotonic()
                log.warning("the identity provider does not answer as one: %s", odd)
                raise ProviderAway from odd
            self.at = time.monotonic()
            return self._known


class Endpoints:
    """Where a provider's endpoints are (OpenID Connect Discovery 1.0), and one POST to one."""

    def __init__(self, client: Client, *, seconds: float = SECONDS) -> None:
        self._client = client
        self._seconds = seconds
        self._found, self._keys, self._codes = Asked(), Asked(), Asked()
        self._doubted = False  # whether the last code was answered with nothing usable
        issuer = urlsplit(client.issuer)
        self._scheme, self._hosts = issuer.scheme, client.hosts | {issuer.netloc.lower()}

    async def metadata(self, younger: float = HOLDS) -> Mapping[str, Any]:
        """The provider's metadata, whose issuer is ours. Raises ProviderAway."""
        found: Mapping[str, Any] = await self._found.get(younger, self._discover)
        return found

    def failing(self, lately: float) -> bool:
        """Whether one of its endpoints did not answer, so many seconds ago at most."""
        codes = self._doubted and self._codes.failing(lately)
        return codes or self._found.failing(lately) or self._keys.failing(lately)

    async def serve(self, younger: float) -> None:
        """Whether somebody could sign in now, as far as it was not seen so many seconds ago.

        Where codes are taken is asked only after a code was answered with nothing usable, and then
        with one of ours: what a browser brings may be made for that. Raises ProviderAway.
        """
        await self.metadata(younger)
        await self.keys()
        if self._doubted:
            await self._codes.get(younger, self._probe)

    async def _probe(self) -> None:
        with suppress(Refused):
            await self._given("none", "0" * 64, self._client.issuer)

    async def keys(self, younger: float = HOLDS) -> Mapping[str, Any]:
        """The provider's keys, a JWK set. Raises ProviderAway."""
        metadata = await self.metadata()

        async def ask() -> Mapping[str, Any]:
            return await self._json("GET", self.place(metadata, "jwks_uri"))

        keys: Mapping[str, Any] = await self._keys.get(younger, ask)
        return keys

    def place(self, metadata: Mapping[str, Any], name: str) -> httpx.URL:
        """An endpoint. Raises Odd where it is none, or at a host that is not listed."""
        given = metadata.get(name)
        if not isinstance(given, str) or len(given) > _LONGEST_URL or not given.isascii():
            raise Odd(f"{name} is no URL")
        try:
            parts, url = urlsplit(given), httpx.URL(given)
        except (ValueError, httpx.InvalidURL):
            raise Odd(f"{name} is no URL") from None
        if parts.scheme != self._scheme or parts.fragment:
            raise Odd(f"{name} is no {self._scheme} URL")
        if parts.netloc.lower() not in self._hosts or url.userinfo:
            raise Odd(f"{name} is at {legible(parts.netloc)}, which oidc_hosts does not list")
        return url

    async def exchange(self, code: str, verifier: str, back: str) -> Mapping[str, Any] | str:
        """What is given for a code (RFC 6749, section 4.1.3); text: why nothing.

        Raises:
            ProviderAway: nothing usable is said.
        """
        await self.metadata()
        try:
            given: Mapping[str, Any] | str = await self._given(code, verifier, back)
        except Refused as refused:
            given = str(refused)
        except Odd as odd:
            self._doubted = True
            log.warning("the identity provider gives no token: %s", odd)
            raise ProviderAway from odd
        self._doubted = False
        return given

    async def _given(self, code: str, verifier: str, back: str) -> Mapping[str, Any]:
        metadata, us = await self.metadata(), self._client
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": verifier,
        }
        headers: dict[str, str] = {}
        ways = metadata.get("token_endpoint_auth_methods_supported")
        if isinstance(ways, list) and "client_secret_basic" not in ways:
            form |= {"client_id": us.client_id, "client_secret": us.secret}
        else:
            pair = f"{quote_plus(us.client_id)}:{quote_plus(us.secret)}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        url = self.place(metadata, "token_endpoint")
        return await self._json("POST", url, form=form, headers=headers)

    async def _discover(self) -> Mapping[str, Any]:
        issuer = self._client.issuer
        path = f"{issuer.removesuffix('/')}/.well-known/openid-configuration"
        found = await self._json("GET", httpx.URL(path))
        if found.get("issuer") != issuer:
            raise Odd(f"it calls itself {legible(str(found.get('issuer')))}, not {issuer}")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            self.place(found, name)
        return found

    async def _json(
        self,
        method: str,
        url: httpx.URL,
        *,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        sent = {"Accept": "application/json", **(headers or {})}
        content = None
        if form is not None:
            content = urlencode(form).encode()
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        body, tls = bytearray(), self._client.tls or trusted()
        try:
            async with asyncio.timeout(self._seconds):
                answer = await bounded_ask(
                    method,
                    url,
                    body,
                    headers=sent,
                    content=content,
                    tls=tls,
                    max_bytes=MAX_BYTES,
                )
        except NotAnAnswer as odd:
            raise Odd(f"{url.host}: {legible(odd.detail)}") from odd
        except TimeoutError:
            raise Odd(f"{url.host}: no complete answer in {self._seconds:g} s") from None
        if answer.status_code in {_BAD_REQUEST, _UNAUTHORIZED} and form is not None:
            raise Refused(f"{url.host} answered {answer.status_code}: {legible(_error(body))}")
        if answer.status_code != _OK:
            raise Odd(f"{url.host} answered {answer.status_code}")
        return read_object(bytes(body))


class Refused(Exception):  # noqa: N818 - a value: a code was not taken
    """The provider refuses this code, or us."""


def read_object(text: bytes) -> Mapping[str, Any]:
    """A JSON object. Raises Odd."""
    try:
        made = json.loads(text)
    except (ValueError, RecursionError):
        raise Odd("its answer is no JSON") from None
    if not isinstance(made, dict):
        raise Odd("its answer is no JSON object")
    return made


def _error(body: bytearray) -> str:
    try:
        return str(read_object(bytes(body)).get("error", ""))
    except Odd:
        return ""
