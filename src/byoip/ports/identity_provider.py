"""The operator's identity provider, at which people sign in (OpenID Connect Core 1.0)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from byoip.domain.accounts.sign_in import LogoutSaid, ProviderSaid


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to sign in: three unguessable values, which the browser keeps meanwhile.

    Attributes:
        state: comes back with the browser, so that no other site can have begun it.
        nonce: comes back within the ID token, so that none of another attempt counts.
        verifier: shown with the code (PKCE, RFC 7636), so that a code that leaked is of no use.
        begun_at: when, so that none goes on that was begun before its subject was logged out.
    """

    state: str
    nonce: str
    verifier: str
    begun_at: datetime


@dataclass(frozen=True, slots=True)
class Brought:
    """What a browser brought from the provider.

    Attributes:
        said: its parameters.
        signed: whether the provider has signed them, for us: no stranger made them up.
    """

    said: Mapping[str, str]
    signed: bool


class IdentityProvider(Protocol):
    """Whom to ask who somebody is."""

    async def reachable(self) -> bool:
        """Whether people can sign in there, as far as we saw in the last minute, or see now."""
        ...

    def seal(self, attempt: Attempt) -> str:
        """What only this service can write of it, for a browser that could say anything."""
        ...

    async def address(self, attempt: Attempt, back: str, *, silently: bool) -> str:
        """Where the browser goes to sign in.

        Args:
            attempt: what will be shown.
            back: the URL to which the provider sends it back.
            silently: the provider is to ask nothing, and say if it had to (`prompt=none`).

        Raises:
            ProviderAway: what is needed for it cannot be had.
        """
        ...

    def state_of(self, query: Mapping[str, str]) -> str:
        """Of which attempt a query says that it is, unverified; empty: of none."""
        ...

    async def brought(self, query: Mapping[str, str]) -> Brought:
        """What a query says; who asks for a code is asked nothing yet.

        Raises:
            ProviderAway: the keys to verify it cannot be had.
            ProviderSignInRefused: it was to be signed, and cannot be trusted.
        """
        ...

    async def said(self, attempt: Attempt, back: str, brought: Mapping[str, str]) -> ProviderSaid:
        """Who it is, by what the browser brought back.

        Raises:
            ProviderAway: it cannot be asked.
            ProviderSignInRefused: what was brought, or the token for it, cannot be trusted.
        """
        ...

    async def logout_said(self, token: str) -> LogoutSaid:
        """What a logout token says (OpenID Connect Back-Channel Logout 1.0).

        Raises:
            ProviderAway: the keys to verify it cannot be had.
            ProviderSignInRefused: it cannot be trusted.
        """
        ...
