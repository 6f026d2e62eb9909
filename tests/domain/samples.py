"""Short ways to write the domain's values in tests."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Any
from uuid import uuid4

from hypothesis import strategies as st

from byoip.domain.asn import Asn
from byoip.domain.checks.registry import Dialect, Registry
from byoip.domain.checks.rpsl import RpslObject, parse_objects
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.ownership_token import OwnershipToken, TokenMethod
from byoip.domain.customer_text import CustomerText
from byoip.domain.prefix import Prefix

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
OURS = Asn(64500)
OTHER = Asn(64501)
TOKEN = "0123456789abcdef" * 2
STALE = "fedcba9876543210" * 2
LABEL = "byoip-validation"

RIPE = Registry("ripencc", "RIPE", "whois.ripe.example", Dialect.RIPE, holder_rule=True)
ARIN = Registry("arin", "ARIN", "rr.arin.example", Dialect.IRRD, objects_from_roas=True)
LACNIC = Registry("lacnic", "LACNIC", "irr.lacnic.example", Dialect.IRRD, objects_from_roas=True)


def prefix(text: str) -> Prefix:
    return Prefix.parse(text)


def rpsl(text: str) -> RpslObject:
    """The one object of a text, indented as the test is."""
    lines = "\n".join(line.strip(" ") for line in text.strip().split("\n"))
    (found,) = parse_objects(lines.encode("latin-1"))
    return found


def route(
    cidr: str = "192.0.2.0/24",
    origin: str = "AS64500",
    source: str = "RIPE",
    *more: str,
    kind: str | None = None,
) -> RpslObject:
    """A route object as a registry serves it; `more` are further lines."""
    name = kind or ("route6" if ":" in cidr else "route")
    lines = (f"{name}: {cidr}", f"origin: {origin}", *more, f"source: {source}")
    (found,) = parse_objects("\n".join(lines).encode("latin-1"))
    return found


def _ipv4(length: int) -> st.SearchStrategy[Prefix]:
    top = st.integers(0, 2**length - 1)
    return top.map(lambda bits: Prefix(IPv4Network((bits << (32 - length), length))))


def _ipv6(length: int) -> st.SearchStrategy[Prefix]:
    top = st.integers(0, 2**length - 1)
    return top.map(lambda bits: Prefix(IPv6Network((bits << (128 - length), length))))


def prefixes(ipv4: range = range(33), ipv6: range = range(129)) -> st.SearchStrategy[Prefix]:
    """Any prefix of the lengths given."""
    four = st.sampled_from(ipv4).flatmap(_ipv4)
    six = st.sampled_from(ipv6).flatmap(_ipv6)
    return st.one_of(four, six)


def claim(**changes: Any) -> Claim:
    """A pending claim on 192.0.2.0/24, with what the test is about changed."""
    fresh = Claim(
        id=uuid4(),
        account_id=uuid4(),
        prefix=prefix("192.0.2.0/24"),
        asn=OURS,
        description=CustomerText("rack 7"),
        delegate_loa_creation=False,
        created_at=NOW,
        modified_at=NOW,
    )
    return replace(fresh, **changes)


def token(**changes: Any) -> OwnershipToken:
    """A token issued just now, with what the test is about changed."""
    fresh = OwnershipToken(
        id=uuid4(),
        claim_id=uuid4(),
        account_id=uuid4(),
        prefix=prefix("192.0.2.0/24"),
        asn=OURS,
        method=TokenMethod.ANY,
        value=TOKEN,
        created_at=NOW,
        expires_at=NOW + timedelta(days=7),
    )
    return replace(fresh, **changes)
