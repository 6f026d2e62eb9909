"""Trust, 1.1: a delegation of the label is refused in a signed zone, too, like an alias there."""

from collections.abc import Mapping

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from byoip.domain.checks.evidence import Failed, Fault, Outcome, Passed, Reason, Unanswered
from tests.adapters.dns_script import OWNER, RESOLVERS, TOKEN, ZONE, Script
from tests.trust.dns_tree import judged

DS = f"1 13 2 {'ab' * 32}"


async def validated(more: Mapping[str, str], rcode: int = dns.rcode.NOERROR) -> Outcome:
    """Judged by a resolver that vouches for the token, and for more types at its name.

    `rcode` is its answer to all other questions.
    """
    records = {"TXT": f'"{TOKEN}"', **more}

    def resolve(question: dns.message.Message) -> list[bytes]:
        response = dns.message.make_response(question)
        response.flags |= dns.flags.AD
        asked = question.question[0]
        kind = asked.rdtype.name
        if asked.name.to_text() == OWNER and kind in records:
            response.answer.append(dns.rrset.from_text(OWNER, 60, "IN", kind, records[kind]))
        else:
            response.set_rcode(dns.rcode.Rcode(rcode))
            soa = "ns1.example. host.example. 1 60 60 60 0"
            response.authority.append(dns.rrset.from_text(ZONE.name, 60, "IN", "SOA", soa))
        return [response.to_wire()]

    return await judged(Script(resolve={RESOLVERS[0]: resolve}))


async def test_a_signed_zone_at_the_label_is_another_party_s() -> None:
    outcome = await validated({"DS": DS})
    assert isinstance(outcome, Failed), outcome
    assert outcome.reason is Reason.ALIAS_IN_ANSWER
    assert "a delegation there, to servers of its own" in outcome.seen


async def test_without_one_the_token_of_a_signed_zone_passes() -> None:
    assert isinstance(await validated({}), Passed)


@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.NXDOMAIN])
async def test_without_a_denial_nothing_is_proven(rcode: int) -> None:
    outcome = await validated({}, rcode)
    assert isinstance(outcome, Unanswered), outcome
    assert outcome.fault is Fault.SERVER_FAILURE
