from datetime import timedelta

import pytest

from byoip.domain.claims.ownership_token import (
    LONGEST_LIFETIME,
    TokenMethod,
    TokenSpent,
    same_token,
)
from tests.domain.samples import NOW, STALE, TOKEN, token


@pytest.mark.parametrize("value", [TOKEN, "0" * 32, "f" * 64])
def test_a_token_is_at_least_128_bits_of_lowercase_hex(value: str) -> None:
    assert token(value=value).value == value


@pytest.mark.parametrize(
    "value", ["", TOKEN[:-1], TOKEN * 2 + "0", TOKEN.upper(), TOKEN + "\n", "g" * 32, "٣" * 32]
)
def test_anything_else_is_no_token(value: str) -> None:
    with pytest.raises(ValueError, match="hex digits"):
        token(value=value)


@pytest.mark.parametrize(
    "lifetime", [timedelta(0), timedelta(seconds=-1), LONGEST_LIFETIME + timedelta(seconds=1)]
)
def test_a_token_lives_for_more_than_nothing_and_at_most_30_days(lifetime: timedelta) -> None:
    with pytest.raises(ValueError, match="30 days"):
        token(expires_at=NOW + lifetime)


def test_30_days_are_allowed() -> None:
    assert token(expires_at=NOW + LONGEST_LIFETIME).usable(NOW)


def test_a_token_is_usable_until_it_expires_is_consumed_or_revoked() -> None:
    fresh = token()

    assert fresh.usable(NOW)
    assert fresh.usable(fresh.expires_at - timedelta(microseconds=1))
    assert not fresh.usable(fresh.expires_at)
    assert not token(consumed_at=NOW).usable(NOW)
    assert not token(revoked_at=NOW).usable(NOW)


def test_revoking_ends_it_once() -> None:
    revoked = token().revoke(NOW)

    assert revoked.revoked_at == NOW
    with pytest.raises(TokenSpent):
        revoked.revoke(NOW)
    with pytest.raises(TokenSpent):
        token(consumed_at=NOW).revoke(NOW)


@pytest.mark.parametrize(
    ("issued_for", "irr", "rdns"),
    [
        (TokenMethod.ANY, True, True),
        (TokenMethod.IRR, True, False),
        (TokenMethod.RDNS, False, True),
    ],
)
def test_a_token_serves_the_method_it_was_issued_for(
    issued_for: TokenMethod, irr: bool, rdns: bool
) -> None:
    issued = token(method=issued_for)

    assert (issued.serves(TokenMethod.IRR), issued.serves(TokenMethod.RDNS)) == (irr, rdns)


@pytest.mark.parametrize(
    ("seen", "same"),
    [
        (TOKEN, True),
        (STALE, False),
        (TOKEN.upper(), False),
        (TOKEN + " ", False),
        ("\udc80", False),
    ],
)
def test_tokens_are_compared_exactly_whatever_was_seen(seen: str, same: bool) -> None:
    assert same_token(seen, TOKEN) is same
