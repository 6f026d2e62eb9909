"""An OpenID provider: authorization code with PKCE, ID tokens, and logout tokens.

OpenID Connect Core 1.0, section 3.1; RFC 7636 (PKCE); RFC 9207 (`iss`); Back-Channel Logout 1.0;
JARM (answers that the provider signs).
Signatures are judged by joserfc, of a list of algorithms that is ours, never the token's.
"""

import hmac
import json
import logging
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey
from joserfc.jws import extract_compact

from byoip.adapters.sign_in.endpoints import SECONDS, Client, Endpoints, Odd
from byoip.domain.accounts.sign_in import (
    LogoutSaid,
    ProviderAway,
    ProviderSaid,
    ProviderSignInRefused,
)
from byoip.domain.foreign_text import storable
from byoip.domain.rdap.network import legible
from byoip.ports.clock import Clock
from byoip.ports.identity_provider import Attempt, Brought

log = logging.getLogger("byoip.sign_in")

ALGORITHMS: Final = ["RS256", "PS256", "ES256"]  # none that takes a public key for a secret
LEEWAY: Final = 60  # seconds by which clocks may differ
LOGOUT_FRESH: Final = timedelta(minutes=5)
KEYS_AGAIN: Final = 60.0  # seconds, after which an unknown key has them asked for again
_LONGEST_TOKEN: Final = 64 * 1024
_LONGEST_ID: Final = 255  # OpenID Connect Core 1.0, section 2
_LONGEST_CODE: Final = 2000
_LEAST_BITS: Final = 2048  # RFC 7518, section 3.3
_JUST_ANSWERED: Final = 60.0
_SIGNED: Final = "query.jwt"  # JARM, section 2.3.1
_DEFAULT: Final = "RS256"  # which a provider signs answers by for clients that name nothing
_ESSENTIAL: Final = {"essential": True}
_LOGOUT: Final = "http://schemas.openid.net/event/backchannel-logout"


class OpenIdProvider:
    """Asks one issuer (the `IdentityProvider` port)."""

    def __init__(self, client: Client, clock: Clock, *, seconds: float = SECONDS) -> None:
        self._client = client
        self._clock = clock
        self._endpoints = Endpoints(client, seconds=seconds)

    async def reachable(self) -> bool:
        """Whether people can sign in there, as seen in the last minute, or now."""
        if self._endpoints.failing(_JUST_ANSWERED):
            return False
        try:
            await self._endpoints.serve(_JUST_ANSWERED)
        except ProviderAway:
            return False
        return True

    async def complaint(self) -> str | None:
        """What keeps people from signing in; None: nothing that can be seen from here."""
        try:
            await self._endpoints.metadata()
            keys = _usable(await self._endpoints.keys())
        except ProviderAway as away:
            return str(away.__cause__ or away.message)
        return None if keys else "it has no key for RS256, PS256 or ES256"

    def seal(self, attempt: Attempt) -> str:
        """What only this service can write of it: by the secret that all its processes have."""
        said = f"attempt\0{attempt.state}\0{attempt.begun_at.isoformat()}"
        return hmac.digest(self._client.secret.encode(), said.encode(), "sha256").hex()

    async def address(self, attempt: Attempt, back: str, *, silently: bool) -> str:
        """Where the browser goes to sign in."""
        metadata = await self._endpoints.metadata()
        challenge = urlsafe_b64encode(sha256(attempt.verifier.encode()).digest()).rstrip(b"=")
        asked = {
            "response_type": "code",
            "client_id": self._client.client_id,
            "redirect_uri": back,
            "scope": " ".join(self._client.scopes),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
            **({"prompt": "none"} if silently else {}),
            **({"response_mode": _SIGNED} if self._signs(metadata) else {}),
        }
        try:
            place = self._endpoints.place(metadata, "authorization_endpoint")
        except Odd as odd:
            raise ProviderAway from odd
        return str(place.copy_merge_params(asked))

    async def signs(self) -> bool:
        """Whether it signs what browsers bring from it. Raises ProviderAway."""
        return self._signs(await self._endpoints.metadata())

    def _signs(self, metadata: Mapping[str, Any]) -> bool:
        modes = metadata.get("response_modes_supported")
        by = metadata.get("authorization_signing_alg_values_supported")
        if not (isinstance(modes, list) and isinstance(by, list)):
            return False
        return self._client.signed and _SIGNED in modes and _DEFAULT in by

    def state_of(self, query: Mapping[str, str]) -> str:
        """Of which attempt a query says that it is; whoever wrote that."""
        if "response" not in query:
            return query.get("state", "")
        try:
            claims = json.loads(urlsafe_b64decode(query["response"].split(".")[1] + "=="))
        except (ValueError, IndexError, RecursionError):
            return ""
        state = claims.get("state") if isinstance(claims, dict) else None
        return state if isinstance(state, str) else ""

    async def brought(self, query: Mapping[str, str]) -> Brought:
        """What a query says, or what stands in the answer in it that the provider has signed."""
        if "response" not in query:
            return Brought(query, signed=False)
        claims = await self._verified(query["response"], exp=_ESSENTIAL)
        said = {name: one for name, one in claims.items() if isinstance(one, str)}
        return Brought(said, signed=True)

    async def said(self, attempt: Attempt, back: str, brought: Mapping[str, str]) -> ProviderSaid:
        """Who it is, by what the browser brought back."""
        metadata = await self._endpoints.metadata()
        issuer, code = brought.get("iss"), brought.get("code", "")
        named = metadata.get("authorization_response_iss_parameter_supported") is True
        if issuer != self._client.issuer and (named or issuer is not None):
            raise _refused("another provider sent the browser back")
        if not code or len(code) > _LONGEST_CODE:
            raise _refused(f"no code came, but {legible(brought.get('error', 'nothing'))}")
        given = await self._endpoints.exchange(code, attempt.verifier, back)
        if isinstance(given, str):
            raise _refused(given)
        token, nonce = given.get("id_token"), attempt.nonce
        claims = await self._verified(
            token, iat=_ESSENTIAL, exp=_ESSENTIAL, nonce={**_ESSENTIAL, "value": nonce}
        )
        if claims["nonce"] != nonce:  # nor a list that has it
            raise _refused("the ID token has another nonce")
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (several or "azp" in claims) and claims.get("azp") != self._client.client_id:
            raise _refused("the ID token is for another client")
        subject = _id(claims.get("sub"))
        if subject is None:
            raise _refused("the ID token names no subject")
        return ProviderSaid(
            self._client.issuer,
            subject,
            self._name(claims, subject),
            _groups(claims, self._client.groups_claim),
            _id(claims.get("sid")),
        )

    async def logout_said(self, token: str) -> LogoutSaid:
        """What a logout token says."""
        claims, now = await self._verified(token, iat=_ESSENTIAL), self._clock.now()
        events, token_id = claims.get("events"), _id(claims.get("jti"))
        if not isinstance(events, dict) or not isinstance(events.get(_LOGOUT), dict):
            raise _refused("this is no logout token")
        if "nonce" in claims or token_id is None:
            raise _refused("the logout token has a nonce, or no id")
        said_at, leeway = _moment(claims["iat"]), timedelta(seconds=LEEWAY)
        if not now - LOGOUT_FRESH <= said_at <= now + leeway:
            raise _refused("the logout token is old")
        subject, sid = _id(claims.get("sub")), _id(claims.get("sid"))
        if subject is None and sid is None:
            raise _refused("the logout token names nobody")
        until = said_at + LOGOUT_FRESH
        return LogoutSaid(self._client.issuer, subject, sid, token_id, until)

    async def _verified(self, token: object, **wanted: Any) -> dict[str, Any]:
        """The claims of a token for us, with others that are wanted."""
        if not isinstance(token, str) or len(token) > _LONGEST_TOKEN:
            raise _refused("there is no token")
        keys = _usable(await self._endpoints.keys())
        if not _names_one(token, keys):
            keys = _usable(await self._endpoints.keys(KEYS_AGAIN))
        ours: dict[str, Any] = {
            "iss": {**_ESSENTIAL, "value": self._client.issuer},
            "aud": {**_ESSENTIAL, "value": self._client.client_id},
        }
        now = int(self._clock.now().timestamp())
        try:
            read = jwt.decode(token, KeySet([*keys]), algorithms=ALGORITHMS)
            jwt.JWTClaimsRegistry(now=now, leeway=LEEWAY, **ours, **wanted).validate(read.claims)
        except Exception as fault:  # a stranger wrote it: it may do anything
            raise _refused(f"{type(fault).__name__}: {legible(str(fault))}") from fault
        return read.claims

    def _name(self, claims: Mapping[str, Any], subject: str) -> str:
        for one in (self._client.name_claim, "preferred_username", "email"):
            given = claims.get(one)
            if isinstance(given, str) and given.strip():
                return storable(given.strip())
        return subject


def _refused(why: str) -> ProviderSignInRefused:
    """What is wrong stands in the log; the browser, which may have brought it, is not told."""
    log.warning("a sign-in at the identity provider was refused: %s", why)
    return ProviderSignInRefused()


def _usable(keys: Mapping[str, Any]) -> list[RSAKey | ECKey]:
    """Public keys that sign; others of the set are left out, secrets among them."""
    found: list[RSAKey | ECKey] = []
    listed = keys.get("keys")
    for one in listed if isinstance(listed, list) else []:
        if not isinstance(one, dict) or one.get("use", "sig") != "sig":
            continue
        try:
            if one.get("kty") == "RSA":
                key: RSAKey | ECKey = RSAKey.import_key(one)
                if key.raw_value.key_size < _LEAST_BITS:
                    continue
            elif one.get("kty") == "EC" and one.get("crv") == "P-256":
                key = ECKey.import_key(one)
            else:
                continue
        except Exception:  # noqa: BLE001,S112 - one that cannot be read is none
            continue
        found.append(key)
    return found


def _names_one(token: str, keys: list[RSAKey | ECKey]) -> bool:
    """Whether a token is signed by one of the keys, by what it says of itself."""
    try:
        kid = extract_compact(token.encode()).headers().get("kid")
    except Exception:  # noqa: BLE001 - it will be refused
        return True
    return any(kid is None or one.kid == kid for one in keys)


def _id(given: object) -> str | None:
    """An id that can be kept."""
    fits = isinstance(given, str) and 0 < len(given) <= _LONGEST_ID
    return given if isinstance(given, str) and fits and storable(given) == given else None


def _groups(claims: Mapping[str, Any], name: str) -> frozenset[str]:
    given = claims.get(name)
    if given is None and "_claim_names" in claims:
        log.warning("the ID token has no groups but says where they are: they count as none")
    listed = given if isinstance(given, list) else [given]
    return frozenset(one for one in listed if isinstance(one, str))


def _moment(seconds: object) -> datetime:
    """A moment of a claim; one that makes no sense is long past."""
    try:
        return datetime.fromtimestamp(float(str(seconds)), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.min.replace(tzinfo=UTC)
