"""Routes by the thousand, as rows: approved, bound, and withdrawn or advertised.

Every constraint is asked for each of them; nothing of ours but the tables is in the way.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import psycopg

from byoip.domain.accounts.credential import CUSTOMER_SCOPES

ORIGIN = 64500


@dataclass(frozen=True, slots=True)
class Owner:
    """An account, and a token with all that customers may."""

    account_id: UUID = field(default_factory=uuid4)
    token: str = field(default_factory=lambda: secrets.token_hex(20))


@dataclass(frozen=True, slots=True)
class OwnedRoute:
    """A claim with its default binding, and the BGP prefix that spans it."""

    cidr: str
    owner: Owner
    claim_id: UUID = field(default_factory=uuid4)
    binding_id: UUID = field(default_factory=uuid4)
    bgp_prefix_id: UUID = field(default_factory=uuid4)

    @property
    def path(self) -> str:
        """Below the API's root."""
        root = f"/client/v4/accounts/{self.owner.account_id.hex}/addressing/prefixes"
        return f"{root}/{self.claim_id.hex}/bgp/prefixes/{self.bgp_prefix_id.hex}"


def ipv4(count: int) -> list[str]:
    """So many /24 from 20.0.0.0 on."""
    each = 256 * 256
    return [f"{20 + one // each}.{one // 256 % 256}.{one % 256}.0/24" for one in range(count)]


def ipv6(count: int) -> list[str]:
    """So many /48 from 2410:: on."""
    return [f"2410:{number:x}::/48" if number else "2410::/48" for number in range(count)]


def add_routes(
    url: str,
    cidrs: Sequence[str],
    *,
    accounts: int = 1,
    advertised: bool = False,
    since: timedelta = timedelta(0),
) -> list[OwnedRoute]:
    """Spread them over new accounts in turn; all of them `since` so long ago."""
    owners = [Owner() for _ in range(accounts)]
    made = [OwnedRoute(cidr, owners[number % accounts]) for number, cidr in enumerate(cidrs)]
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT now() - %s", [since])
        ((at,),) = cursor.fetchall()
        service = uuid4()
        cursor.execute(
            "INSERT INTO services (id, name, default_only, created_at) VALUES (%s, %s, false, %s)",
            [service, f"service {service.hex[:8]}", at],
        )
        cursor.executemany(
            "INSERT INTO accounts (id, name, prefix_quota, created_at) VALUES (%s, 'A', 10000, %s)",
            [(one.account_id, at) for one in owners],
        )
        scopes = sorted(scope.value for scope in CUSTOMER_SCOPES)
        cursor.executemany(
            "INSERT INTO credentials (id, account_id, name, token_sha256, scopes, created_at)"
            " VALUES (%s, %s, 'ci', %s, %s, %s)",
            [
                (uuid4(), one.account_id, sha256(one.token.encode()).digest(), scopes, at)
                for one in owners
            ],
        )
        for statement in _ADD:
            cursor.execute(statement, _values(made, service, at, advertised=advertised))
    return made


def _values(
    made: Sequence[OwnedRoute], service: UUID, at: object, *, advertised: bool
) -> dict[str, Any]:
    return {
        "cidrs": [one.cidr for one in made],
        "accounts": [one.owner.account_id for one in made],
        "claims": [one.claim_id for one in made],
        "bindings": [one.binding_id for one in made],
        "routes": [one.bgp_prefix_id for one in made],
        "service": service,
        "asn": ORIGIN,
        "at": at,
        "advertised": advertised,
    }


_ADD = (
    b"""
    INSERT INTO prefixes (id, account_id, cidr, asn, description, delegate_loa_creation,
        created_at, modified_at, state, standing, approved_at, approved_by, irr_state, rpki_state,
        ownership_state, irr_passed_at, rpki_passed_at, ownership_passed_at, findings, irr_waived,
        other_origins, version)
    SELECT claim, account, cidr, %(asn)s, '', false, %(at)s, %(at)s, 'approved', 'ok', %(at)s,
        'checks', 'valid', 'valid', 'valid', %(at)s, %(at)s, %(at)s, '{}', false, '[]', 1
    FROM unnest(%(cidrs)s::cidr[], %(claims)s::uuid[], %(accounts)s::uuid[])
        AS t (cidr, claim, account)
    """,
    b"""
    INSERT INTO bindings (id, prefix_id, prefix_cidr, cidr, service_id, answering_service_id,
        state, created_at)
    SELECT binding, claim, cidr, cidr, %(service)s, %(service)s, 'active', %(at)s
    FROM unnest(%(cidrs)s::cidr[], %(claims)s::uuid[], %(bindings)s::uuid[])
        AS t (cidr, claim, binding)
    """,
    b"""
    INSERT INTO bgp_prefixes (id, prefix_id, prefix_cidr, cidr, asn, prepend, advertised,
        advertised_modified_at, change, request_id, binding_id, locked, created_at, modified_at)
    SELECT route, claim, cidr, cidr, %(asn)s, 0, %(advertised)s,
        CASE WHEN %(advertised)s THEN %(at)s END, CASE WHEN %(advertised)s THEN 2 ELSE 1 END,
        'added', CASE WHEN %(advertised)s THEN binding END, false, %(at)s, %(at)s
    FROM unnest(%(cidrs)s::cidr[], %(claims)s::uuid[], %(bindings)s::uuid[], %(routes)s::uuid[])
        AS t (cidr, claim, binding, route)
    """,
)
