"""Accounts: the customers of the service."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Account:
    """A customer.

    Attributes:
        version: counts the operator's writes.
    """

    id: UUID
    name: str
    prefix_quota: int
    created_at: datetime
    version: int = 1
