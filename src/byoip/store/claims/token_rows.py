"""Ownership tokens as rows: the columns that readers select, and what is made of them."""

from typing import Final

from byoip.domain.asn import Asn
from byoip.domain.claims.ownership_token import Absence, OwnershipToken, TokenMethod
from byoip.domain.prefix import Prefix
from byoip.store.claims.tables import validation_tokens
from byoip.store.statements import AnyRow

_OF_TOKEN: Final = (
    "id",
    "value",
    "created_at",
    "expires_at",
    "consumed_at",
    "revoked_at",
    "look_needed",
    "told_expiring_at",
)
TOKEN: Final = tuple(column.label(f"token_{column.name}") for column in validation_tokens.c)


def token_from(row: AnyRow, prefix: Prefix | None = None, asn: Asn | None = None) -> OwnershipToken:
    """Columns TOKEN; account, prefix and ASN are its claim's, made again unless they are given."""
    writers = frozenset(row.token_absent_writers or ())
    seen = row.token_absent_at, row.token_absent_in, writers, row.token_absent_block
    return OwnershipToken(
        claim_id=row.token_prefix_id,
        account_id=row.account_id,
        prefix=prefix or Prefix(row.cidr),
        asn=asn or Asn(row.asn),
        method=TokenMethod(row.token_method),
        absence=None if row.token_absent_at is None else Absence(*seen),
        **{name: getattr(row, f"token_{name}") for name in _OF_TOKEN},
    )
