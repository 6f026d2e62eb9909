"""`byoip init`: a settings file to begin with."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from byoip.domain.errors import Fixable
from byoip.settings.names import CONFIG_VARIABLE

_BEGINNING = """\
# Settings of byoip: docs/operating.md has all of them. What is commented out has the value that
# stands there, unless it says otherwise. BYOIP_ and a name in capitals in the environment wins.

# --- who you are ---

operator_name = {name}
# How networks reach you; letters of agency state it.
# operator_contact = "NOC: noc@example.net, +31 20 555 0100"

# The AS numbers that you announce from; customers choose one of them.
origin_asns = [{origins}]

# Your own ranges: no customer may bring them, and nothing in them is asked or sent to.
# infrastructure = ["192.0.2.0/24", "2001:db8::/32"]

# --- where it runs ---

# Without it only `byoip up` works, on a Postgres of its own.
# database_url = "postgresql://byoip@db.example.net/byoip?sslmode=verify-full"
# host = "127.0.0.1"
# port = 8080
# The API and pages as customers reach them; needed unless `host` is loopback.
# public_url = "https://byoip.example.net"

# --- whom it asks ---

# They must validate DNSSEC.
# resolvers = ["127.0.0.1:53"]
# ROA data: a directory of trust anchor locators for rpki-client 9, or a feed of your own.
# rpki_tals = "/etc/tals"
# rpki_feed_url = "https://rpki.example.net/rpki.json"

# --- what it may tell others ---

# Letters of agency: the key that signs them, and its certificate.
# letter_key = "/etc/byoip/letter.pem"
# letter_certificate = "/etc/byoip/letter-certificate.pem"
# Webhooks: a file made by `openssl rand -base64 32`; keep it as you keep the key above.
# webhook_key = "/etc/byoip/webhook.key"
# Mail: your own server; the password is the first line of a file.
# smtp_host = "mail.example.net"
# smtp_port = 587
# smtp_security = "starttls"
# smtp_user = "byoip"
# smtp_password = "/etc/byoip/smtp-password"
# mail_from = "byoip@example.net"
# People who sign in at your identity provider (OpenID Connect); without it by one-time links.
# oidc_issuer = "https://sso.example.net/realms/staff"
# oidc_client_id = "byoip"
# oidc_client_secret = "/etc/byoip/oidc-secret"

# --- who announces ---

# With no speaker, what would be announced is recorded only. Tables come last in this file.
# [[oidc_groups]]
# group = "noc"
# role = "operator"
# [[speakers]]
# name = "ams1"
# address = "127.0.0.1:50051"
"""


class FileThere(Fixable):
    """The file is there, and is left as it is."""


def init(
    path: Annotated[Path, typer.Argument(help="The file to write.")] = Path("byoip.toml"),
    name: Annotated[str, typer.Option("--name", help="Your name, for people.")] = "This operator",
    origin: Annotated[
        list[int] | None,
        typer.Option("--origin-asn", min=1, max=2**32 - 1, help="May be given several times."),
    ] = None,
) -> None:
    """Write a settings file with comments, to begin with; it replaces none.

    Read it, then ask `byoip config check`, and `byoip doctor` once a database is there.
    """
    text = _BEGINNING.format(name=_quoted(name), origins=", ".join(map(str, origin or ())))
    try:
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise FileThere(f"{path} is there already, and was left as it is.") from None
    with os.fdopen(opened, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)
    typer.echo(f"{path} is written. Next: {CONFIG_VARIABLE}={path} byoip config check")


def _quoted(text: str) -> str:
    """A basic string of TOML 1.0: JSON's escapes are among its own, but for those of two halves."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
