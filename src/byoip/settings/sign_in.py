"""Signing in at the operator's identity provider (OpenID Connect)."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from byoip.domain.accounts.people import Role
from byoip.domain.accounts.sign_in import Place
from byoip.settings.parts import Part, Words, on_loopback


def _issuer(given: str) -> str:
    """An issuer, as the provider writes it."""
    parts = urlsplit(given)
    if not parts.hostname or parts.username is not None or parts.query or parts.fragment:
        raise ValueError("is no issuer: it has scheme, host, and perhaps port and path")
    if parts.scheme != "https" and not (parts.scheme == "http" and on_loopback(parts.hostname)):
        raise ValueError("is not an https URL")
    return given


class GroupSettings(Part):
    """`[[oidc_groups]]`: a group at the provider, and what its people may do here.

    Without an account they are the operator's. Of several that somebody has the first counts.
    """

    group: str = Field(min_length=1, max_length=1000)
    role: Role
    account: UUID | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.role.of_operator != (self.account is None):
            raise ValueError(f"the role {self.role} does not fit, or its account is missing")
        return self


class SignInSettings(Part):
    """How people sign in; without an issuer by one-time links."""

    oidc_issuer: Annotated[str, AfterValidator(_issuer)] | None = None
    oidc_client_id: str | None = Field(default=None, min_length=1, max_length=1000)
    oidc_client_secret: Path | None = None
    oidc_name: str = Field(default="your identity provider", min_length=1, max_length=60)
    oidc_scopes: Words = ("openid", "profile", "email")
    oidc_groups_claim: str = Field(default="groups", min_length=1, max_length=200)
    oidc_name_claim: str = Field(default="name", min_length=1, max_length=200)
    oidc_hosts: Words = ()
    oidc_recheck_minutes: float = Field(default=30, ge=1, le=12 * 60)
    oidc_signed_answers: bool = True
    oidc_groups: tuple[GroupSettings, ...] = ()

    @model_validator(mode="after")
    def _check_sign_in(self) -> Self:
        needed = self.oidc_issuer, self.oidc_client_id, self.oidc_client_secret
        if any(one is None for one in needed) and any(one is not None for one in needed):
            raise ValueError("oidc_issuer, oidc_client_id and oidc_client_secret need each other")
        if "openid" not in self.oidc_scopes:
            raise ValueError("oidc_scopes: openid has to be among them")
        return self

    @property
    def places(self) -> tuple[Place, ...]:
        """Where groups of the provider come in."""
        return tuple(Place(one.group, one.role, one.account) for one in self.oidc_groups)

    @property
    def recheck(self) -> timedelta:
        """How long it counts that the provider named somebody."""
        return timedelta(minutes=self.oidc_recheck_minutes)
