import pytest

from byoip.api.border.operation import given_token
from byoip.domain.accounts.credential import NotAuthenticated, TwoCredentials

BEARER = (b"authorization", b"Bearer abc.DEF-1")
KEY = (b"x-auth-key", b"abc.DEF-1")
EMAIL = (b"x-auth-email", b"ops@example.net")


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([BEARER], id="bearer"),
        pytest.param([(b"authorization", b"bearer   abc.DEF-1 ")], id="any case, spaces"),
        pytest.param([EMAIL, KEY], id="the older pair"),
        pytest.param([(b"x-auth-email", b"not an address"), KEY], id="the address is ignored"),
        pytest.param([(b"host", b"x"), BEARER, (b"accept", b"*/*")], id="among others"),
    ],
)
def test_a_token_is_found(headers: list[tuple[bytes, bytes]]) -> None:
    assert given_token(headers) == "abc.DEF-1"


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([BEARER, KEY], id="both ways"),
        pytest.param([BEARER, EMAIL], id="bearer and half the pair"),
        pytest.param([BEARER, BEARER], id="the same twice"),
        pytest.param([EMAIL, KEY, KEY], id="two keys"),
    ],
)
def test_two_credentials_at_once_are_refused(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(TwoCredentials):
        given_token(headers)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([], id="none"),
        pytest.param([EMAIL], id="an address alone"),
        pytest.param([(b"authorization", b"")], id="empty"),
        pytest.param([(b"authorization", b"Bearer")], id="no token"),
        pytest.param([(b"authorization", b"Bearer a b")], id="two words"),
        pytest.param([(b"authorization", b"Basic YTpi")], id="another scheme"),
        pytest.param([(b"authorization", b"Bearer caf\xc3\xa9")], id="not ASCII"),
        pytest.param([(b"authorization", b"Bearer " + b"a" * 600)], id="far too long"),
        pytest.param([EMAIL, (b"x-auth-key", b"a\x00b")], id="NUL in the key"),
    ],
)
def test_what_is_no_token_is_no_credential(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(NotAuthenticated):
        given_token(headers)
