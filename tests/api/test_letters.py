"""The public page: for people and for machines, and not a word beyond the letter."""

import html
import re
from datetime import timedelta

import httpx
import pytest

from byoip.api.letters.letter_page import prefers_html
from byoip.domain.accounts.credential import Scope
from byoip.domain.asn import Asn
from byoip.domain.customer_text import CustomerText
from byoip.domain.letters.letter import Letter, RevokedBecause
from byoip.domain.letters.own_origin import OwnOrigin
from byoip.domain.letters.registrants import RegistrantWords
from byoip.domain.rdap.said import RdapEnd
from byoip.web.letters import letter_page
from tests.api.letters import issued, saved
from tests.api.world import World
from tests.domain.letters import letter, letter_facts
from tests.domain.samples import NOW

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


async def page(world: World, letter: Letter, accept: str = "*/*") -> httpx.Response:
    return await world.client.get(f"/loa/{letter.reference}", headers={"accept": accept})


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", 'A", verified, "', "שלום & B"])
def test_a_registrys_words_are_quoted_and_no_markup(name: str) -> None:
    words = RegistrantWords(
        RdapEnd.ANSWERED, "RIPE NCC, rdap.example", NOW, "192.0.2.0 - 192.0.2.255", name
    )
    answer = letter_page(letter(facts=letter_facts(registrants=(words,))), NOW)
    shown = bytes(answer.body).decode()
    (said,) = re.findall("<bdi>&#34;(.*)&#34;</bdi> for 192", shown)
    assert html.unescape(said) == name.replace('"', '\\"')
    assert "<script" not in shown


async def test_it_says_what_the_letter_states_and_nothing_else(world: World) -> None:
    letter = await issued(world)
    answer = await page(world, letter)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["success"] is True
    shown = answer.json()["result"]
    assert set(shown) == {
        *(
            "reference",
            "status",
            "sha256",
            "operator",
            "operator_contact",
            "account_name",
            "holder",
            "registrants",
            "prefix",
            "asn",
        ),
        *("checks", "roas", "waivers", "issued_at", "valid_until"),
        *("superseded_by", "revoked_at", "revoked_because", "under_review", "own_origin"),
    }
    assert shown["status"] == "valid"
    assert shown["sha256"] == letter.sha256
    assert (shown["prefix"], shown["asn"]) == (str(letter.facts.prefix), 64500)
    assert shown["holder"]["registry"] == "ripencc"
    assert [one["check"] for one in shown["checks"]] == [
        *("registration", "irr", "rpki", "ownership_rdns")
    ]
    assert shown["roas"][0]["trust_anchor"] == "ripe"
    for hidden in (world.account_id.hex, letter.claim_id.hex, letter.document_id.hex):
        assert hidden not in answer.text


async def test_no_other_account_keeps_or_finds_it(world: World) -> None:
    letter = await issued(world)
    for accept in (BROWSER, "application/json"):
        headers = (await page(world, letter, accept)).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-robots-tag"] == "noindex"
        assert headers["vary"] == "accept"
        assert "default-src 'none'" in headers["content-security-policy"]


async def test_a_browser_gets_a_page_and_no_markup_of_the_customers(world: World) -> None:
    letter = await issued(world, account_name=CustomerText("<script>alert(1)</script> & Söhne"))
    answer = await page(world, letter, BROWSER)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    said = answer.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Söhne" in said
    assert "<script" not in said
    assert "name as given by the customer" in said
    for stated in (
        "valid</strong>",
        letter.sha256,
        str(letter.facts.prefix),
        "AS64500",
        "RIPE NCC",
    ):
        assert stated in said


async def test_it_expires_by_itself(world: World) -> None:
    letter = await issued(world)
    world.clock.advance(timedelta(hours=1))
    assert (await page(world, letter)).json()["result"]["status"] == "expired"
    assert "expired</strong>" in (await page(world, letter, BROWSER)).text


@pytest.mark.parametrize("because", list(RevokedBecause))
async def test_a_revoked_one_says_when_and_why(world: World, because: RevokedBecause) -> None:
    letter = await issued(world)
    await saved(world, letter.revoke(because, world.clock.now()))
    shown = (await page(world, letter)).json()["result"]
    assert (shown["status"], shown["revoked_because"]) == ("revoked", because.value)
    assert shown["revoked_at"].endswith("Z")
    said = (await page(world, letter, BROWSER)).text
    assert "revoked</strong>" in said
    assert "Do not rely on it" in said


async def test_a_superseded_one_points_to_the_newer(world: World) -> None:
    old, new = await issued(world), await issued(world)
    await saved(world, old.supersede(new.reference))
    shown = (await page(world, old)).json()["result"]
    assert (shown["status"], shown["superseded_by"]) == ("superseded", str(new.reference))
    assert f'<a href="{new.reference}">' in (await page(world, old, BROWSER)).text


@pytest.mark.parametrize("reference", ["0" * 32, "nonsense", "A" * 32, "0" * 31, "%00", "..%2f"])
async def test_an_unknown_one_is_not_found(world: World, reference: str) -> None:
    machine = await world.client.get(f"/loa/{reference}")
    assert machine.status_code == 404
    if "%2f" not in reference:
        assert machine.json()["errors"][0]["name"] == "letter_not_found"
        assert machine.headers["cache-control"] == "no-store"
        person = await world.client.get(f"/loa/{reference}", headers={"accept": BROWSER})
        assert person.status_code == 404
        assert "No such letter" in person.text


async def test_credentials_and_queries_mean_nothing_here(world: World) -> None:
    letter = await issued(world)
    url = f"/loa/{letter.reference}?anything=1"
    assert (await world.client.get(url)).status_code == 200
    wrong = {"authorization": "Bearer wrong"}
    assert (await world.client.get(url, headers=wrong)).status_code == 200
    assert (await world.client.post(url)).status_code == 405


@pytest.mark.parametrize(
    ("accept", "people"),
    [
        ([], False),
        (["*/*"], False),
        ([BROWSER], True),
        (["text/html"], True),
        (["text/*"], True),
        (["application/json"], False),
        (["text/html;q=0.5, application/json"], False),
        (["text/html", "application/json;q=0.9"], True),
        (["text/html;q=nonsense"], False),
        (["text/html;q=0"], False),
    ],
    ids=str,
)
def test_who_prefers_a_page(accept: list[str], people: bool) -> None:
    assert prefers_html(accept) is people


async def revoke(world: World, reference: object, **body: str) -> httpx.Response:
    token = await world.credential(None, {Scope.OPERATOR})
    return await world.client.post(
        f"/client/v4/operator/loa/{reference}/revoke",
        headers={"authorization": f"Bearer {token}"},
        json=body,
    )


async def test_the_operator_takes_a_letter_back_with_a_reason(world: World) -> None:
    letter = await issued(world)
    answer = await revoke(world, letter.reference, reason="The contract has ended.")
    assert answer.status_code == 200, answer.text
    assert answer.json()["result"]["status"] == "revoked"
    assert (await page(world, letter)).json()["result"] == answer.json()["result"]
    events = await world.result("GET", f"/prefixes/{letter.claim_id.hex}/events")
    assert events[-1]["kind"] == "letter.revoked"
    assert events[-1]["after"] == {"because": "operator", "reason": "The contract has ended."}
    assert events[-1]["actor"].startswith("operator:")
    assert (await revoke(world, letter.reference)).status_code == 422
    assert (await revoke(world, letter.reference, reason=" ")).status_code == 422
    assert (await revoke(world, "0" * 32, reason="why")).status_code == 404
    assert (await revoke(world, "nonsense", reason="why")).status_code == 404
    customers = await world.client.post(
        f"/client/v4/operator/loa/{letter.reference}/revoke",
        headers={"authorization": f"Bearer {world.token}"},
        json={"reason": "why"},
    )
    assert customers.status_code == 403


async def test_an_origin_of_the_customers_own_is_told_with_its_proof_and_its_aspa(
    world: World,
) -> None:
    told = "a single-use token stood in its aut-num object at RIPE NCC"
    own = OwnOrigin(Asn(64500), told, world.clock.now(), "AS3320 has no ASPA.")
    letter = await issued(world, own_origin=own)
    shown = (await page(world, letter)).json()["result"]["own_origin"]
    assert (shown["behind"], shown["proven"], shown["aspa"]) == (64500, told, "AS3320 has no ASPA.")
    said = (await page(world, letter, accept="text/html")).text
    assert told in said
    assert "AS3320 has no ASPA." in said
