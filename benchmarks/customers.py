"""Customers with a credential, and the prefixes they bring through the API."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import msgspec
import psycopg
from benchmarks.load import Order, ask

ORIGIN = 64500


@dataclass(frozen=True, slots=True)
class Customer:
    """An account with a credential."""

    account_id: UUID
    token: str


def add_customer(database_url: str, *, account_id: UUID | None = None) -> Customer:
    """A credential that reads and writes; for a new account unless one is named."""
    customer = Customer(account_id or uuid4(), secrets.token_hex(16))
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO accounts (id, name, prefix_quota, created_at)"
            " VALUES (%s, 'bench', 1000000, now()) ON CONFLICT (id) DO NOTHING",
            [customer.account_id],
        )
        connection.execute(
            "INSERT INTO credentials (id, account_id, name, token_sha256, scopes, created_at)"
            " VALUES (%s, %s, 'bench', %s, '{prefixes:read,prefixes:write}', now())",
            [uuid4(), customer.account_id, sha256(customer.token.encode()).digest()],
        )
    return customer


def add_operator(database_url: str) -> str:
    """A token of the operator's."""
    token = secrets.token_hex(16)
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO credentials (id, name, token_sha256, scopes, created_at)"
            " VALUES (%s, 'bench', %s, '{operator}', now())",
            [uuid4(), sha256(token.encode()).digest()],
        )
    return token


def requests_of(
    customer: Customer, method: str, paths: Sequence[str], bodies: Sequence[object] | None = None
) -> list[str]:
    """Requests below the customer's account, as they go over the wire."""
    sent = [msgspec.json.encode(body).decode() for body in bodies] if bodies else [""] * len(paths)
    kind = "content-type: application/json\r\n" if bodies else ""
    return [
        f"{method} /client/v4/accounts/{customer.account_id.hex}/addressing{path} HTTP/1.1\r\n"
        f"host: 127.0.0.1\r\nauthorization: Bearer {customer.token}\r\n{kind}"
        f"content-length: {len(body)}\r\n\r\n{body}"
        for path, body in zip(paths, sent, strict=True)
    ]


def bring(port: int, customer: Customer, cidrs: Sequence[str]) -> list[dict[str, Any]]:
    """Submit them; the prefixes as the API shows them."""
    bodies = [{"cidr": cidr, "asn": ORIGIN} for cidr in cidrs]
    requests = requests_of(customer, "POST", ["/prefixes"] * len(bodies), bodies)
    report = ask(Order(port, requests, connections=8, keep=True))
    return [json.loads(body)["result"] for body in report.bodies]
