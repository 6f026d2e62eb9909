"""The identity provider of the settings."""

from byoip.adapters.sign_in.endpoints import SECONDS, Client
from byoip.adapters.sign_in.openid_provider import OpenIdProvider
from byoip.ports.clock import Clock
from byoip.settings.model import Settings
from byoip.settings.names import SettingsError
from byoip.settings.parts import on_loopback
from byoip.web.site import SignsIn

_LONGEST_SECRET = 1024


def provider_of(
    settings: Settings, clock: Clock, *, seconds: float = SECONDS
) -> OpenIdProvider | None:
    """What asks it; None: there is none.

    Raises:
        SettingsError: the file with the secret cannot be read, or we have no URL for people.
    """
    path, client_id = settings.oidc_client_secret, settings.oidc_client_id
    if settings.oidc_issuer is None or client_id is None or path is None:
        return None
    if settings.public_url is None and not on_loopback(settings.host):
        raise SettingsError("BYOIP_PUBLIC_URL is required with oidc_issuer: browsers come back.")
    try:
        with path.open() as file:
            secret = file.readline(_LONGEST_SECRET).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as fault:
        raise SettingsError(f"oidc_client_secret {path}: {fault}.") from None
    client = Client(
        settings.oidc_issuer,
        client_id,
        secret,
        hosts=frozenset(one.lower() for one in settings.oidc_hosts),
        groups_claim=settings.oidc_groups_claim,
        name_claim=settings.oidc_name_claim,
        scopes=settings.oidc_scopes,
        signed=settings.oidc_signed_answers,
    )
    return OpenIdProvider(client, clock, seconds=seconds)


def signs_in_of(settings: Settings, clock: Clock) -> SignsIn | None:
    """How pages sign people in there. Raises SettingsError as `provider_of` does."""
    provider = provider_of(settings, clock)
    if provider is None:
        return None
    return SignsIn(provider, settings.places, settings.recheck, settings.oidc_name)
