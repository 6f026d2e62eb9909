"""The doctor's look at other programs and parties: it asks nothing that changes anything."""

import asyncio
import shutil
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from byoip.adapters.checks.rpki_client import RpkiClient, locator_complaint
from byoip.adapters.checks.whois_registry import unreachable
from byoip.adapters.mail.smtp_mailer import SmtpMailer
from byoip.adapters.network_policy import NetworkPolicy
from byoip.adapters.speakers.bird_listener import BirdListener
from byoip.adapters.system_clock import SystemClock
from byoip.cli.doctor.finding import Finding, fault, fine, note
from byoip.cli.serving import LETTERS
from byoip.composition.capabilities import resolvers_of
from byoip.composition.mailing import relay_of
from byoip.composition.notifying import hook_signer
from byoip.composition.perspectives import clients_of
from byoip.composition.sign_in import provider_of
from byoip.composition.speaking import look_at_speakers
from byoip.domain.checks.registry import Registry
from byoip.ports.checks.rpki import NoExport
from byoip.ports.clock import Clock
from byoip.ports.speakers.speaker import SpeakerUnanswered
from byoip.settings.model import (
    Settings,
    require_letter_url,
    require_served,
)
from byoip.settings.names import SettingsError
from byoip.settings.notes import letter_notes, mail_notes, sign_in_notes, webhook_notes
from byoip.settings.speakers import ListenerSettings

_SECONDS: Final = 5.0
_HTTPS: Final = 443


def look_at_settings(settings: Settings) -> Finding:
    """Whether a process would serve with them."""
    try:
        require_served(settings)
    except SettingsError as refusal:
        return fault("settings", str(refusal), "Set it in the environment or in BYOIP_CONFIG.")
    return fine("settings", "can be used")


def look_at_letters(settings: Settings) -> Finding:
    """Whether letters can be signed, by the key of the settings."""
    if notes := letter_notes(settings):
        return note("letter_key", notes[0].removeprefix("letters: "))
    try:
        import_module(LETTERS).configured_signer(settings)
        require_letter_url(settings)
    except SettingsError as refusal:
        fix = "See Letters of agency in the manual for how to make a key and its certificate."
        return fault("letter_key", str(refusal), fix)
    return fine("letter_key", "signs")


def look_at_webhooks(settings: Settings) -> Finding:
    """Whether webhooks can be signed, by the key of the settings."""
    if notes := webhook_notes(settings):
        return note("webhook_key", notes[0].removeprefix("webhooks: "))
    try:
        hook_signer(settings)
    except SettingsError as refusal:
        fix = "Write 32 random bytes in base64 into it, the same for API and workers."
        return fault("webhook_key", str(refusal), fix)
    return fine("webhook_key", "signs")


async def look_at_mail(settings: Settings) -> Finding:
    """Whether the mail server lets us in."""
    if notes := mail_notes(settings):
        return note("smtp", notes[0].removeprefix("mail: "))
    try:
        relay = relay_of(settings)
    except SettingsError as refusal:
        return fault("smtp", str(refusal), "Let this user read the file with the password.")
    why = await SmtpMailer(relay, seconds=_SECONDS).greet() if relay else None
    if why is not None:
        fix = "Compare smtp_host, smtp_port, smtp_security, user and password with that server's."
        return fault("smtp", why, fix)
    return fine("smtp", "lets us in; whether it relays shows with the first mail")


async def look_at_sign_in(settings: Settings, clock: Clock) -> Finding:
    """Whether people can sign in at the identity provider, as far as that shows from here."""
    if notes := sign_in_notes(settings):
        return note("oidc", notes[0].removeprefix("sign-in: "))
    try:
        provider = provider_of(settings, clock, seconds=_SECONDS)
    except SettingsError as refusal:
        fix = "Let this user read the file with the secret; set BYOIP_PUBLIC_URL."
        return fault("oidc", str(refusal), fix)
    if provider is not None and (why := await provider.complaint()) is not None:
        fix = "Compare oidc_issuer with what the provider says of itself, and list oidc_hosts."
        return fault("oidc", why, fix)
    if provider is not None and not await provider.signs():
        return note(
            "oidc",
            "answers, but signs nothing that browsers bring from it (JARM): strangers' false codes "
            "can have new browsers wait; limit /ui/enter/provider/back for each client in your "
            "proxy, as haproxy.cfg does",
        )
    return fine("oidc", "answers; whether it knows us shows as somebody signs in")


async def look_at_resolvers(settings: Settings) -> Finding:
    """Whether they validate, as `/readyz?verbose` has it."""
    found = await resolvers_of(settings)()
    if found.lacking:
        return fault("resolver", found.lacking, found.remedy)
    return fine("resolver", f"{', '.join(settings.resolvers)}: DNSSEC is validated")


async def look_at_rpki(settings: Settings) -> Sequence[Finding]:
    """The relying party, and the locator of each trust anchor; nothing where there is a feed."""
    if settings.rpki_feed_file or settings.rpki_feed_url:
        return [note("rpki_client", "not used: ROA data comes from a feed")]
    program = Path(shutil.which(settings.rpki_program) or settings.rpki_program)
    here = Path()
    version = await RpkiClient(program, here, here, ()).version()
    if isinstance(version, NoExport):
        fix = "Install rpki-client 9 or newer where ROA data is refreshed, or set a feed."
        found = [fault("rpki_client", version.why, fix)]
    else:
        found = [fine("rpki_client", version)]
    return [*found, *(_locator(settings, anchor) for anchor in settings.rpki_anchors)]


def _locator(settings: Settings, anchor: str) -> Finding:
    complaint = locator_complaint(settings.rpki_tals / f"{anchor}.tal")
    if complaint is None:
        return fine("locator", "is there", anchor)
    fix = (
        f"Get {anchor}.tal from that registry (some want their terms accepted first), or leave "
        "it out of BYOIP_RPKI_ANCHORS."
    )
    return fault("locator", complaint, fix, anchor)


async def look_at_registries(settings: Settings) -> Sequence[Finding]:
    """Whether a connection to each can be made, in plain text and over TLS."""
    known = settings.all_registries.values()
    return await asyncio.gather(*map(_registry, sorted(known, key=lambda one: one.key)))


async def _registry(registry: Registry) -> Finding:
    places = [(registry.host, registry.port, False)]
    if registry.rest_url and (host := urlsplit(registry.rest_url).hostname):
        places.append((host, urlsplit(registry.rest_url).port or _HTTPS, True))
    asked = [unreachable(host, port, tls=tls, seconds=_SECONDS) for host, port, tls in places]
    answers = zip(places, await asyncio.gather(*asked), strict=True)
    wrong = [f"{host}:{port}: {why}" for (host, port, _), why in answers if why]
    if wrong:
        fix = "Let the firewall pass port 43 and HTTPS to it; look at the registry's status page."
        return fault("registry", "; ".join(wrong), fix, registry.key)
    return fine("registry", "can be reached", registry.key)


async def look_at_perspectives(settings: Settings) -> Sequence[Finding]:
    """Whether each answers now, with its own key and clock."""
    if not settings.perspectives:
        return [note("perspective", "none: proofs of ownership are looked at from one place")]
    try:
        clients = clients_of(settings, SystemClock(), NetworkPolicy(), deadline=_SECONDS)
    except SettingsError as refusal:
        return [fault("perspective", str(refusal), "Make a key: see Perspectives in the manual.")]
    said = await asyncio.gather(*(one.greet() for one in clients))
    fix = "See whether it runs there, its url and public_key here, its callers, and both clocks."
    decide = "decides" if settings.perspectives_decide else "is only observed"
    return [
        fault("perspective", why, fix, one.place.name)
        if why
        else fine("perspective", f"answers, and {decide}", one.place.name)
        for one, why in zip(clients, said, strict=True)
    ]


async def look_at_speakers_and_listeners(settings: Settings) -> Sequence[Finding]:
    """Whether each answers, and what the manual has otherwise."""
    if not settings.speakers:
        return [note("speaker", "none: what would be announced is recorded only")]
    try:
        found = await look_at_speakers(settings)
    except SettingsError as refusal:
        return [fault("speaker", str(refusal), "Correct tls_ca, tls_certificate and tls_key.")]
    told: list[Finding] = []
    for one in found:
        if one.silent:
            fix = "See whether gobgpd 3.x runs there, and its --api-hosts."
            told.append(fault("speaker", one.silent, fix, one.name))
        elif one.imports:
            fix = "Put byoip-no-imports into its file, as the manual has it (A gobgpd for byoip)."
            told.append(fault("import_policy", one.imports, fix, one.name))
        else:
            told.append(fine("speaker", "answers, and takes no routes of neighbours", one.name))
        told += [note("speaker", said, one.name) for said in one.notes]
    return [*told, *await asyncio.gather(*map(_listener, settings.listeners))]


async def _listener(one: ListenerSettings) -> Finding:
    try:
        feeds = await BirdListener(one.name, one.socket, deadline=_SECONDS).feeds()
    except SpeakerUnanswered as why:
        fix = "See whether BIRD runs there, whether we may use its socket, and its sessions."
        return fault("listener", str(why), fix, one.name)
    return fine("listener", f"{len(feeds)} sessions are up", one.name)
