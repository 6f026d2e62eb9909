"""Ownership tokens: random text to publish where only the holder of a prefix can."""

import hmac
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from byoip.domain.asn import Asn
from byoip.domain.errors import Refusal
from byoip.domain.prefix import Prefix

LONGEST_LIFETIME = timedelta(days=30)  # CA/Browser Forum Baseline Requirements, 3.2.2.4
ISSUES_PER_HOUR = 10

# 32 lowercase hex digits, 128 bits: one DNS character-string, one RPSL word, no case to lose.
_SHAPE = re.compile(r"[0-9a-f]{32,64}", re.ASCII)


class TokenNotFound(Refusal):
    """No such token of this prefix."""

    name = "token_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such validation token of this prefix.")


class TokenSpent(Refusal):
    """The token has done its work, or was revoked."""

    name = "token_spent"

    def __init__(self) -> None:
        super().__init__("This token was consumed or revoked already: issue a new one.")


class TooManyTokens(Refusal):
    """Tokens are issued for this prefix faster than anyone can publish them."""

    name = "too_many_tokens"

    def __init__(self) -> None:
        super().__init__(
            f"More than {ISSUES_PER_HOUR} tokens were issued for this prefix within an hour: "
            "publish the newest one, or wait.",
            retry_after=3600,
        )


class TokenMethod(StrEnum):
    """Where the token will be published."""

    ANY = "any"  # the one that comes with the prefix serves either way
    IRR = "irr"
    RDNS = "rdns"


@dataclass(frozen=True, slots=True)
class Absence:
    """A registry was seen without a token, and with no stranger who may write it there.

    Attributes:
        at: when the registry answered.
        registry: its key.
        writers: maintainers who might write routes of the prefix then, all of the address block.
        changed: when the block was last changed, in the registry's words; empty: it does not say;
            None: noted by a version that did not ask.
    """

    at: datetime
    registry: str
    writers: frozenset[str]
    changed: str | None = None


@dataclass(frozen=True, slots=True)
class OwnershipToken:
    """A single-use token, bound to account, prefix and origin ASN.

    It will be public once published; what counts is that it did not exist before it was issued
    here, and that it means one account's claim and nothing else.

    Attributes:
        absence: where it was looked for before it was published, at registries with the holder
            rule; None: nowhere yet, or others might write it.
        told_expiring_at: when its customer was told last that its time is nearly over.
        look_needed: False for those that were issued before there were such looks.
    """

    id: UUID
    claim_id: UUID
    account_id: UUID
    prefix: Prefix
    asn: Asn
    method: TokenMethod
    value: str
    created_at: datetime
    expires_at: datetime
    consumed_at: datetime | None = None
    revoked_at: datetime | None = None
    absence: Absence | None = None
    look_needed: bool = True
    told_expiring_at: datetime | None = None

    def __post_init__(self) -> None:
        if not _SHAPE.fullmatch(self.value):
            raise ValueError("a token is 32 to 64 lowercase hex digits")
        if not timedelta(0) < self.expires_at - self.created_at <= LONGEST_LIFETIME:
            raise ValueError("a token lives for more than nothing and at most 30 days")

    def usable(self, now: datetime) -> bool:
        """Whether it may still prove anything."""
        return self.consumed_at is None and self.revoked_at is None and now < self.expires_at

    def expired(self, now: datetime) -> bool:
        """Whether its time alone has ended it."""
        return self.consumed_at is None and self.revoked_at is None and now >= self.expires_at

    def serves(self, method: TokenMethod) -> bool:
        """Whether it may be proven by this method."""
        return self.method in {TokenMethod.ANY, method}

    def seen_absent(self, registry: str, holders: frozenset[str], changed: str) -> bool:
        """Whether nobody but who maintains the block now can have published it at that registry.

        The block is as it was, too: whom it let write for a while it does not name any more.
        """
        if not self.look_needed:
            return True
        seen = self.absence
        if seen is None or seen.registry != registry or seen.changed not in {None, changed}:
            return False
        return seen.writers <= holders

    def revoke(self, now: datetime) -> "OwnershipToken":
        """End it.

        Raises:
            TokenSpent: it was consumed or revoked before.
        """
        if self.consumed_at or self.revoked_at:
            raise TokenSpent
        return replace(self, revoked_at=now)


def same_token(seen: str, expected: str) -> bool:
    """Compare exactly, in constant time."""
    # What was seen may be any text: a lone surrogate must not raise.
    return hmac.compare_digest(seen.encode(errors="surrogatepass"), expected.encode())
