"""Trust, 1.3: whatever an RDAP server sends is an answer or none, and ends no run."""

import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from byoip.adapters.checks.whois_dialects import NotAnAnswer
from byoip.adapters.rdap.rdap_json import read_network, says_not_found
from byoip.domain.checks.evidence import Check, Finding, Passed
from byoip.domain.foreign_text import storable
from byoip.domain.prefix import Prefix
from byoip.domain.rdap.said import RdapEnd, Said, is_rdap, lessee_hints, read_said
from byoip.sandbox.rdap_shapes import RdapRecord
from byoip.store.checks.registry_budget import PostgresRegistryBudget
from byoip.store.engine import make_engine
from tests.fakes import rdap_servers
from tests.trust.test_5_1_letters_and_registrants import CIDR, Office, office
from tests.usecases.letters import claimed

__all__ = ["office"]  # fixture

# Words that mean something there, and what no text should hold.
WORDS = ["fn", "kind", "vcard", "text", "org", "registrant", "192.0.2.0", "::", "ip network"]
TEXTS = st.sampled_from([*WORDS, "", "\ud800", "\0", "\u202e", "\U0010ffff"]) | st.text(max_size=9)
ATOMS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
ANYTHING = st.recursive(
    ATOMS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=12,
)
WHOLE = Prefix.parse(rdap_servers.CIDR)
CARD = ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", "A"]]]
ODD_NAME = ["vcard", [[["fn"], {}, "text", "A"]]]


def base() -> dict[str, Any]:
    entity = {"roles": ["registrant"], "handle": "A-1", "vcardArray": CARD}
    described = rdap_servers.network(entities=[entity], errorCode=404)
    return json.loads(json.dumps(described))  # type: ignore[no-any-return]  # a dict is one again


def places(at: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = at.items() if isinstance(at, dict) else enumerate(at) if isinstance(at, list) else ()
    return [path, *(one for key, value in inner for one in places(value, (*path, key)))]


PLACES = places(base())
NAME = ("entities", 0, "vcardArray", 1, 0, 0)


def changed(path: tuple[Any, ...], value: Any) -> bytes:
    answer: Any = {"": base()}
    *way, last = ("", *path)
    part = answer
    for key in way:
        part = part[key]
    part[last] = value
    return json.dumps(answer[""]).encode()


@settings(max_examples=1500, deadline=None)
@given(st.sampled_from(PLACES), ANYTHING)
@example(NAME, ["fn"])
@example(NAME, {"fn": "A"})
@example(("entities", 0, "vcardArray"), None)
@example(("name",), "\ud800\0")
def test_any_json_at_any_place_is_an_answer_or_none(path: tuple[Any, ...], value: Any) -> None:
    body = changed(path, value)
    says_not_found(body)
    try:
        network = read_network(body, WHOLE)
    except NotAnAnswer:
        return
    kept = Said(RdapEnd.ANSWERED, "ripencc", network).kept()
    assert read_said(kept).network == network, "it is kept as it was read"
    assert storable(kept.decode()) == kept.decode()
    assert lessee_hints([read_said(kept)]) is not None
    assert network.contains(WHOLE)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60) | ANYTHING.map(lambda value: json.dumps(value).encode()))
def test_so_are_any_bytes(body: bytes) -> None:
    says_not_found(body)
    with pytest.raises(NotAnAnswer):
        read_network(body, WHOLE)


@pytest.fixture
async def odd_name(office: Office) -> AsyncIterator[Office]:
    odd = {"roles": ["registrant"], "handle": "A-1", "vcardArray": ODD_NAME}
    answer = rdap_servers.network(startAddress="31.1.0.0", endAddress="31.1.15.255", entities=[odd])
    async with rdap_servers.serving(rdap_servers.said(answer)) as server:
        office.known["ripencc"] = replace(office.known["ripencc"], rdap_url=server.url)
        yield office


async def approved(office: Office) -> Finding:
    finding = await office.approve(await claimed(office, CIDR))
    assert isinstance(finding.outcome, Passed)
    assert finding.check is Check.REGISTRATION
    return finding


async def test_a_property_whose_name_is_a_list_ends_no_run(odd_name: Office) -> None:
    (said,) = [one for one in (await approved(odd_name)).exhibits if is_rdap(one)]
    network = read_said(said.answer).network
    assert network is not None
    assert network.registrant is None, "its card has no name"


async def test_nor_does_a_fault_of_our_own_as_we_ask(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    """The database of the budgets is out of reach: what decides nothing holds nothing up."""
    office.rdap.put("ripencc", RdapRecord(CIDR, name="Example B.V."))
    nowhere = make_engine("postgresql://nobody@127.0.0.1:1/none")
    office.budget = PostgresRegistryBudget(nowhere, remember=timedelta(0))
    assert not any(is_rdap(one) for one in (await approved(office)).exhibits)
    (told,) = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert "registration data of 31.1.0.0/20 was not asked for" in told.getMessage()
