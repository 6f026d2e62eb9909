"""Where a webhook may go: an https URL with a name in it; addresses are judged at each attempt."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import urlsplit

from byoip.domain.errors import Refusal

LONGEST_URL: Final = 2048
_LONGEST_NAME: Final = 253
# What a URL may hold (RFC 3986, section 2); a backslash is none of it, and parsers differ on it.
_CHARACTERS: Final = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]+", re.ASCII)
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_PORTS: Final = {"https": 443, "http": 80}


class WebhookUrlRefused(Refusal):
    """Nothing is sent there."""

    name = "webhook_url_refused"

    def __init__(self, why: str) -> None:
        super().__init__(f"This URL is refused: {why}.", pointer="/url")


@dataclass(frozen=True, slots=True)
class DestinationRules:
    """Which URLs the operator takes.

    Attributes:
        ports: of receivers; empty: any.
        plain: http, and addresses in place of names (a sandbox on loopback).
    """

    ports: frozenset[int] = frozenset({443})
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Destination:
    """A URL that was judged.

    Attributes:
        url: as it is shown and kept.
        host: a name in lower case without the root's dot, or an address without brackets.
        target: path and query, as they are sent.
    """

    url: str
    scheme: str
    host: str
    port: int
    target: str

    @property
    def address(self) -> IPv4Address | IPv6Address | None:
        """The host, where it is an address."""
        try:
            return ip_address(self.host)
        except ValueError:
            return None

    @classmethod
    def parse(cls, url: str, rules: DestinationRules) -> "Destination":
        """Judge a URL, by its text alone.

        Raises:
            WebhookUrlRefused: nothing is sent there.
        """
        if len(url) > LONGEST_URL:
            raise WebhookUrlRefused(f"it is longer than {LONGEST_URL} characters")
        if not _CHARACTERS.fullmatch(url):
            raise WebhookUrlRefused("it has a fragment, or characters that no URL has")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise WebhookUrlRefused("it cannot be read") from None
        allowed = ("https", "http") if rules.plain else ("https",)
        if parts.scheme not in allowed:
            raise WebhookUrlRefused(f"it does not begin with {allowed[0]}://")
        if "@" in parts.netloc:
            raise WebhookUrlRefused("it holds a user name or a password")
        port = _PORTS[parts.scheme] if port is None else port
        if not port or (rules.ports and port not in rules.ports):
            ports = ", ".join(map(str, sorted(rules.ports)))
            raise WebhookUrlRefused(f"port {port} is not one of {ports or '1 to 65535'}")
        host = (parts.hostname or "").removesuffix(".")
        made = cls(url, parts.scheme, host, port, _target(parts.path, parts.query))
        if not (rules.plain and made.address) and not _is_name(host):
            raise WebhookUrlRefused("its host is not a domain name with a dot in it")
        return made


def _target(path: str, query: str) -> str:
    return (path or "/") + (f"?{query}" if query else "")


def _is_name(host: str) -> bool:
    """Whether it is a name and no address in any spelling, as 127.1 or 0x7f.1 are."""
    labels = host.split(".")
    fits = len(labels) > 1 and len(host) <= _LONGEST_NAME
    return fits and all(map(_LABEL.fullmatch, labels)) and labels[-1][0].isalpha()
