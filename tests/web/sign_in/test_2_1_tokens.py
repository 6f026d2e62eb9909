"""Page, 2.1: which ID tokens count, and what a provider that misbehaves can do."""

import time
from typing import Any

import pytest
from joserfc.jws import JWSRegistry

from byoip.adapters.sign_in.openid_provider import ALGORITHMS
from tests.web.sign_in.elsewhere import PATIENCE, Elsewhere

BOTH = {"published": ["first", "second"]}


def test_2_1_no_algorithm_of_ours_has_a_secret_or_none() -> None:
    """The library refuses them for our keys as well; the list must not rest on that."""
    assert {JWSRegistry.algorithms[one].key_type for one in ALGORITHMS} == {"RSA", "EC"}


@pytest.mark.filterwarnings("ignore:Key size")  # the library takes one of 1,024 bits
@pytest.mark.parametrize(
    "told",
    [
        pytest.param({"alg": "none"}, id="alg none"),
        pytest.param({"alg": "HS256"}, id="public key as a secret"),
        pytest.param({"key": "foreign"}, id="foreign key of the same name"),
        pytest.param({"key": "second"}, id="key that is not published"),
        pytest.param({"alg": "RS512"}, id="algorithm of no list of ours"),
        pytest.param({"header": {"alg": "none"}}, id="alg none with a signature"),
        pytest.param({"header": {"kid": None}, **BOTH, "key": "second"}, id="no key named of two"),
        pytest.param({"header": {"kid": "first"}, **BOTH, "key": "second"}, id="another key named"),
        pytest.param({"header": {"kid": ["first"]}}, id="list of keys named"),
        pytest.param({"key": "foreign", "header": {"jku": "http://127.0.0.1:1/"}}, id="jku"),
        pytest.param({"key": "foreign", "header": {"x5u": "http://127.0.0.1:1/"}}, id="x5u"),
        pytest.param({"header": {"crit": ["exp"]}}, id="crit"),
        pytest.param({"header": {"crit": ["b64"], "b64": False}}, id="not encoded"),
        pytest.param({"key": "weak", "published": ["weak"]}, id="key of 1,024 bits"),
        pytest.param({"members": {"use": "enc"}}, id="key that signs nothing"),
        pytest.param({"claims": {"aud": {"byoip": 1}}}, id="odd audience"),
        pytest.param({"claims": {"aud": "other"}}, id="foreign audience"),
        pytest.param({"claims": {"aud": ["byoip", "other"]}}, id="several without azp"),
        pytest.param({"claims": {"azp": "other"}}, id="foreign azp"),
        pytest.param({"claims": {"iss": "https://evil.example"}}, id="foreign issuer"),
        pytest.param({"claims": {"exp": 1_000_000_000}}, id="expired"),
        pytest.param({"claims": {"exp": None}}, id="without an end"),
        pytest.param({"claims": {"exp": "never"}}, id="odd end"),
        pytest.param({"claims": {"exp": float("nan")}}, id="no number"),
        pytest.param({"claims": {"iat": None}}, id="without a time"),
        pytest.param({"claims": {"nbf": 4_000_000_000}}, id="not yet"),
        pytest.param({"claims": {"nonce": "0" * 64}}, id="wrong nonce"),
        pytest.param({"claims": {"nonce": None}}, id="no nonce"),
        pytest.param({"claims": {"sub": None}}, id="no subject"),
        pytest.param({"claims": {"sub": ""}}, id="empty subject"),
        pytest.param({"claims": {"sub": "a" * 256}}, id="long subject"),
        pytest.param({"claims": {"sub": "a\0"}}, id="subject with NUL"),
        pytest.param({"claims": {"sub": ["u-1"]}}, id="subject of a list"),
        pytest.param({"claims": {"groups": "staff"}}, id="one group as text"),
        pytest.param({"claims": {"groups": {"noc": 1}}}, id="odd groups"),
        pytest.param({"claims": {"groups": [["noc"], {"noc": 1}, 7]}}, id="odd groups in a list"),
    ],
)
async def test_2_1_refused(elsewhere: Elsewhere, told: dict[str, Any]) -> None:
    elsewhere.provider.tell(**told)
    browser = elsewhere.browser()
    answer = await elsewhere.came(browser, "grace")
    assert answer.status_code == 403, answer.text
    assert browser.cookie == ""


async def test_2_1_a_nonce_among_others_is_another(elsewhere: Elsewhere) -> None:
    browser = elsewhere.browser()
    back = elsewhere.at_provider(await elsewhere.begun(browser), "grace")
    [kept] = browser.attempts.values()
    elsewhere.provider.tell(claims={"nonce": ["x", kept.partition(".")[0]]})
    assert (await browser.get(back)).status_code == 403


async def test_2_1_a_new_key_of_the_provider_counts_soon(elsewhere: Elsewhere) -> None:
    await elsewhere.signed_in("grace")
    elsewhere.provider.tell(key="second", published=["first", "second"])
    assert (await elsewhere.came(elsewhere.browser(), "grace")).status_code == 403, "asked just now"
    provider: Any = elsewhere.world.backend.pages.keywords["elsewhere"].provider  # type: ignore[attr-defined]
    provider._endpoints._keys.at -= 61
    before = elsewhere.provider.asked().count("/jwks")
    await elsewhere.signed_in("grace")
    for _ in range(3):
        await elsewhere.signed_in("grace")
    assert elsewhere.provider.asked().count("/jwks") == before + 1


@pytest.mark.parametrize(
    "fault", ["slow", "huge", "padded", "garbage", "deep", "list", "status", "redirect"]
)
@pytest.mark.parametrize("where", ["/.well-known/openid-configuration", "/jwks", "/token"])
async def test_2_1_a_provider_that_misbehaves_costs_little(
    elsewhere: Elsewhere, fault: str, where: str
) -> None:
    elsewhere.provider.tell(faults={where: fault})
    if fault == "slow":
        elsewhere.endpoints._seconds = 1.0
    browser, began = elsewhere.browser(), time.monotonic()
    if where == "/.well-known/openid-configuration":
        answer = await browser.get("/ui/enter/provider")
    else:
        answer = await elsewhere.came(browser, "grace")
    if (where, fault) == ("/jwks", "list"):
        assert answer.status_code == 503
    assert answer.status_code == 503, answer.text
    assert "cannot be asked at the moment" in answer.text
    assert browser.cookie == ""
    assert time.monotonic() - began < PATIENCE, "it would go on for a minute"
    elsewhere.endpoints._seconds = PATIENCE
    if where == "/jwks":  # it is not asked again at once
        elsewhere.endpoints._keys.failed_at += 3600  # however long that took
        asked = elsewhere.provider.asked().count("/jwks")
        await elsewhere.came(elsewhere.browser(), "grace")
        assert elsewhere.provider.asked().count("/jwks") == asked


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://127.0.0.2:1/token"},
        {"token_endpoint": "http://x@127.0.0.1:1/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": 7},
        {"authorization_endpoint": "https://evil.example/authorize"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": "http://[::1"},
    ],
    ids=str,
)
async def test_2_1_endpoints_are_at_the_issuers_host(
    elsewhere: Elsewhere, metadata: dict[str, Any]
) -> None:
    elsewhere.provider.tell(metadata=metadata)
    answer = await elsewhere.browser().get("/ui/enter/provider")
    assert answer.status_code == 503
    assert "location" not in answer.headers


@pytest.mark.parametrize("scheme", ["https", "ftp"])
async def test_2_1_endpoints_have_the_issuers_scheme(elsewhere: Elsewhere, scheme: str) -> None:
    """Else keys of an https issuer would come over a connection that anyone can write into."""
    place = elsewhere.provider.issuer.replace("http:", f"{scheme}:")
    elsewhere.provider.tell(metadata={"jwks_uri": f"{place}/jwks"})
    assert (await elsewhere.browser().get("/ui/enter/provider")).status_code == 503
