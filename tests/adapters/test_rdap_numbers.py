"""What an RDAP server says of an AS number, from a real server on loopback: read, or unanswered."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from byoip.adapters.checks.budgeted_registry import BackOff
from byoip.adapters.rdap.rdap_client import RdapClient
from byoip.adapters.rdap.rdap_servers import RdapServers
from byoip.domain.asn import Asn
from byoip.domain.checks.evidence import Fault
from byoip.domain.rdap.network import Registrant
from byoip.domain.rdap.said import RdapEnd
from byoip.ports.checks.rdap import HolderAnswer, NumberQuestion
from byoip.sandbox.rdap_shapes import number_answer
from tests.fakes.rdap_servers import RIPE, Clock, fault, network, said, serving, whole
from tests.fakes.registry_budget import EnoughBudget

ANSWER = number_answer("ripencc", 64501, "Example B.V.", "ORG-EX1-RIPE")


async def asked(answer: bytes) -> tuple[HolderAnswer, list[str]]:
    async with serving(answer) as server:
        here = replace(RIPE, rdap_url=server.url)
        client = RdapClient(
            *(Clock(), RdapServers({here.key: here}), EnoughBudget()),
            deadline=30,
            back_off=BackOff(timedelta(0), timedelta(0)),
        )
        return await client.look_up(NumberQuestion(here, Asn(64501), UUID(int=1))), server.asked


async def test_its_registrant_is_the_organisation_and_no_maintainer() -> None:
    answer, lines = await asked(said(ANSWER))
    assert lines == ["GET /autnum/64501 HTTP/1.1"]
    assert answer.said.end is RdapEnd.ANSWERED
    assert answer.said.numbers is not None
    named = Registrant("ORG-EX1-RIPE", "org", "Example B.V.")
    assert answer.said.numbers.registrant == named
    assert b"ORG-EX1-RIPE" in answer.exhibit.answer


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param(said({**ANSWER, "startAutnum": 1, "endAutnum": 9}), Fault.GARBAGE, id="other"),
        pytest.param(said({**ANSWER, "startAutnum": "64501"}), Fault.GARBAGE, id="a text"),
        pytest.param(said({**ANSWER, "entities": 7}), Fault.GARBAGE, id="no list"),
        pytest.param(said({**ANSWER, "objectClassName": "x"}), Fault.GARBAGE, id="no autnum"),
        pytest.param(said(network()), Fault.GARBAGE, id="a network"),
        pytest.param(whole(b"[" * 20_000), Fault.GARBAGE, id="deep"),
        pytest.param(whole(b"{}", status=429), Fault.REFUSED, id="refused"),
        pytest.param(whole(b'{"errorCode": 404}', status=404), Fault.NO_DATA, id="not found"),
        pytest.param(whole(b"{}", status=500), Fault.SERVER_FAILURE, id="failed"),
    ],
)
async def test_what_is_no_answer_about_it_is_unanswered(answer: bytes, why: Fault) -> None:
    found, _ = await asked(answer)
    assert fault(found) is why
    assert found.said.numbers is None
