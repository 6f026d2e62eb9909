"""What settings leave out, said to the operator as a process starts."""

from byoip.settings.model import Settings


def speaker_notes(settings: Settings) -> list[str]:
    """Return notes for the operator about the configured speakers."""
    if not settings.speakers:
        return ["speakers: none, so what would be announced is recorded only"]
    notes = [
        f"speaker {one.name}: stage {stage}"
        + ("" if one.next_hop6 or settings.next_hop6 else ", no next_hop6: announces no IPv6")
        for one, stage in settings.staged_speakers
    ]
    notes += [
        f"speaker {one.name}: no prepend_communities, so prepends of its own AS are refused while "
        "it has a neighbour in that AS"
        for one in settings.speakers
        if not one.prepend_communities
    ]
    if not settings.reconcile:
        notes.append("reconcile: off, so this process tells speakers nothing")
    fed = "each peer must be fed by two speakers, or by one with graceful restart"
    return [*notes, f"peers: {fed} (alarm fed_by_one)"]


def letter_notes(settings: Settings) -> list[str]:
    """Return notes for the operator about letters of agency."""
    if settings.letter_key is None:
        own = "`byoip up` signs them with a key of its own"
        return [f"letters: no letter_key, so no worker writes any; {own}"]
    return []


def mail_notes(settings: Settings) -> list[str]:
    """Return notes for the operator about mail."""
    return [] if settings.smtp_host else ["mail: no smtp_host, so customers get none"]


def sign_in_notes(settings: Settings) -> list[str]:
    """Return notes for the operator about how people sign in."""
    if settings.oidc_issuer is None:
        return ["sign-in: no oidc_issuer, so people come by one-time links"]
    if not settings.oidc_groups:
        return ["sign-in: no oidc_groups, so nobody comes in from the identity provider"]
    return []


def webhook_notes(settings: Settings) -> list[str]:
    """Return notes for the operator about webhooks."""
    if settings.webhook_key is None:
        return ["webhooks: no webhook_key, so none are offered; `byoip up` makes one of its own"]
    return []
