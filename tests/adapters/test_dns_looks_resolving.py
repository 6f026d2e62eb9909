"""The adapter and its resolvers: security, name servers found, whom it contacts."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_address, ip_network

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest
import uvloop

from byoip.adapters.checks.dns_looks import DnsLooks
from byoip.adapters.network_policy import NetworkPolicy
from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.reverse_dns.observation import (
    Alias,
    NeverContacted,
    ServerAnswer,
    Silent,
    TxtValues,
    ZoneObservation,
    ZoneSecurity,
)
from tests.adapters.dns_script import (
    ACCOUNT,
    LABEL,
    LOOPBACK,
    NS1,
    NS2,
    OWNER,
    REGISTRY,
    RESOLVERS,
    TOKEN,
    ZONE,
    ZONE_RECORDS,
    Clock,
    Records,
    Resolve,
    Script,
    answer,
    honest,
    playing,
    resolving,
    vouching,
)
from tests.leaping import leap

Question = dns.message.Message
GOOD = TxtValues((TOKEN,))
AD, CD, TC = dns.flags.AD, dns.flags.CD, dns.flags.TC


async def look(script: Script) -> ZoneObservation:
    async with playing(script) as adapter:
        return await adapter.observe(ZONE, LABEL, ACCOUNT)


async def resolved_by(*resolvers: Resolve) -> tuple[ZoneObservation, Script]:
    script = Script(resolve=dict(zip(RESOLVERS, resolvers, strict=False)))
    return await look(script), script


def failing(question: Question, *codes: int) -> bytes:
    response = answer(question, {}, rcode=dns.rcode.SERVFAIL)
    options: list[dns.edns.Option] = [
        dns.edns.EDEOption(dns.edns.EDECode(c), "told to") for c in codes
    ]
    response.use_edns(0, options=options)
    return response.to_wire()


def bogus(*codes: int, unchecked: bool = True) -> Resolve:
    """A resolver that will not vouch for TXT; with CD it hands it out, or not."""

    def resolve(question: Question) -> list[bytes]:
        if question.question[0].rdtype != dns.rdatatype.TXT:
            return [answer(question, ZONE_RECORDS).to_wire()]
        if question.flags & CD and unchecked:
            return [answer(question, ZONE_RECORDS).to_wire()]
        return [failing(question, *codes)]

    return resolve


def with_zone(changes: Mapping[tuple[str, str], list[str]]) -> Records:
    return {**ZONE_RECORDS, **changes}


async def test_in_a_secure_zone_the_resolver_is_believed_and_no_other_asked() -> None:
    observed, script = await resolved_by(resolving(flags=AD))
    assert observed.security is ZoneSecurity.SECURE
    assert observed.resolver == GOOD
    assert observed.servers == ()
    assert script.met == []


async def test_the_resolver_is_asked_for_its_verdict_in_small_datagrams() -> None:
    _, script = await resolved_by(resolving())
    (_, question), *_ = script.asked
    assert question.flags & (dns.flags.RD | AD | CD) == dns.flags.RD | AD
    assert question.ednsflags & dns.flags.DO
    assert question.payload == 1232


@pytest.mark.parametrize(
    ("resolver", "security"),
    [
        pytest.param(bogus(6), ZoneSecurity.BOGUS, id="bogus, the resolver says"),
        pytest.param(bogus(7, 22), ZoneSecurity.BOGUS, id="expired signatures"),
        pytest.param(bogus(), ZoneSecurity.BOGUS, id="no reason, but with CD there is data"),
        pytest.param(bogus(22), ZoneSecurity.UNKNOWN, id="no reachable authority"),
        pytest.param(bogus(6, unchecked=False), ZoneSecurity.UNKNOWN, id="no data even with CD"),
        pytest.param(bogus(unchecked=False), ZoneSecurity.UNKNOWN, id="no reason and no data"),
    ],
)
async def test_bogus_is_not_the_same_as_out_of_reach(
    resolver: Resolve, security: ZoneSecurity
) -> None:
    observed, script = await resolved_by(resolver)
    assert observed.security is security
    assert isinstance(observed.resolver, Silent)
    assert observed.resolver.fault is Fault.SERVER_FAILURE
    assert script.met == []


async def test_a_failure_that_passes_by_itself_is_not_bogus() -> None:
    failures = [True]

    def resolve(question: Question) -> list[bytes]:
        if failures and not question.flags & CD:
            failures.pop()
            return [failing(question)]
        return list(resolving()(question))

    observed, _ = await resolved_by(resolve)
    assert observed.security is ZoneSecurity.INSECURE
    assert [server.answer for server in observed.servers] == [GOOD, GOOD]


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        pytest.param(ZONE_RECORDS, Silent, id="a value without AD is not believed"),
        pytest.param(with_zone({(OWNER, "TXT"): []}), TxtValues, id="a denial may lack it"),
    ],
)
async def test_a_signed_zone_never_falls_back_to_asking_directly(
    records: Records, expected: type[ServerAnswer]
) -> None:
    def resolve(question: Question) -> list[bytes]:
        vouched = question.question[0].rdtype != dns.rdatatype.TXT
        return [answer(question, records, flags=AD if vouched else 0).to_wire()]

    observed, script = await resolved_by(resolve)
    assert observed.security is ZoneSecurity.SECURE
    assert isinstance(observed.resolver, expected)
    assert observed.resolver != GOOD
    assert script.met == []


async def test_an_alias_is_reported_with_its_target() -> None:
    def resolve(question: Question) -> list[bytes]:
        response = answer(question, ZONE_RECORDS)
        if question.question[0].name.to_text() == OWNER:
            response.answer = [dns.rrset.from_text(OWNER, 60, "IN", "CNAME", "evil.example.")]
        return [vouching(question, response).to_wire()]

    observed, _ = await resolved_by(resolve)
    assert observed.resolver == Alias("evil.example.")
    assert [server.server for server in observed.servers] == ["ns1.example.", "ns2.example."]


async def test_the_next_resolver_is_asked_where_one_is_silent() -> None:
    def silent(_: Question) -> list[bytes]:
        leap(30)
        return []

    observed, script = await resolved_by(silent, resolving(flags=AD))
    assert observed.security is ZoneSecurity.SECURE
    text, denial_of_ds = list(RESOLVERS), list(RESOLVERS)
    assert [address for address, _ in script.asked] == [*text, *denial_of_ds]


async def test_the_next_resolver_is_asked_where_one_refuses() -> None:
    def refuse(question: Question) -> list[bytes]:
        return [answer(question, {}, rcode=dns.rcode.REFUSED).to_wire()]

    observed, _ = await resolved_by(refuse, resolving(flags=AD))
    assert observed.resolver == GOOD


async def test_forged_datagrams_are_passed_over() -> None:
    def resolve(question: Question) -> list[bytes]:
        forged = answer(question, with_zone({(OWNER, "TXT"): ["forged"]}), flags=AD)
        forged.id ^= 0x0101
        return [forged.to_wire(), b"junk", answer(question, ZONE_RECORDS, flags=AD).to_wire()]

    observed, _ = await resolved_by(resolve)
    assert observed.resolver == GOOD


async def test_without_a_resolver_on_the_port_the_zone_is_unknown() -> None:
    script = Script()
    async with playing(script) as adapter:
        nowhere = DnsLooks(Clock(), [("127.0.0.3", script.port)], LOOPBACK)
        observed = await nowhere.observe(ZONE, LABEL, ACCOUNT)
        assert (await adapter.observe(ZONE, LABEL, ACCOUNT)).security is ZoneSecurity.INSECURE
    assert observed.security is ZoneSecurity.UNKNOWN
    assert isinstance(observed.resolver, Silent)
    assert observed.resolver.fault is Fault.UNREACHABLE


async def test_a_zone_without_name_servers_is_lame() -> None:
    observed, _ = await resolved_by(resolving(with_zone({(ZONE.name, "NS"): []})))
    assert observed.security is ZoneSecurity.UNKNOWN
    assert isinstance(observed.resolver, Silent)
    assert observed.resolver.fault is Fault.LAME


async def test_all_servers_are_asked_and_two_addresses_of_each_family() -> None:
    names = [f"ns{n:02}.example." for n in range(13)]
    hosts = {(n, "A"): [f"127.0.1.{i * 4 + j}" for j in (1, 2, 3)] for i, n in enumerate(names)}
    script = Script(resolve={RESOLVERS[0]: resolving(with_zone(hosts))}, delegation=names)
    observed = await look(script)
    assert [server.server for server in observed.servers] == [n for n in names for _ in "12"]


async def test_an_address_behind_two_names_is_asked_once() -> None:
    script = Script(resolve={RESOLVERS[0]: resolving(with_zone({("ns2.example.", "A"): [NS1]}))})
    observed = await look(script)
    assert [(s.server, s.address) for s in observed.servers] == [
        ("ns1.example.", NS1),
        ("ns2.example.", NS1),
    ]
    # For the text and a zone of its name, for both again, and for the zone's own servers.
    assert script.met == [NS1] * 5


async def test_a_server_without_address_is_silent() -> None:
    observed, _ = await resolved_by(resolving(with_zone({("ns2.example.", "A"): []})))
    first, second = observed.servers
    assert first.answer == GOOD
    assert isinstance(second.answer, Silent)
    assert second.address == ""


@pytest.mark.parametrize(
    ("kind", "address", "policy"),
    [
        pytest.param("A", "127.0.0.1", NetworkPolicy(), id="loopback"),
        pytest.param("A", NS1, NetworkPolicy(), id="loopback, another address"),
        pytest.param("AAAA", "::1", NetworkPolicy(), id="IPv6 loopback"),
        pytest.param("AAAA", f"::ffff:{NS1}", LOOPBACK, id="mapped, though IPv4 is allowed"),
        pytest.param("AAAA", "::ffff:10.0.0.1", NetworkPolicy(), id="mapped and private"),
        pytest.param("A", "0.0.0.0", NetworkPolicy(), id="this host"),
        pytest.param("A", "10.0.0.1", NetworkPolicy(), id="private"),
        pytest.param("A", "169.254.169.254", NetworkPolicy(), id="cloud metadata"),
        pytest.param("AAAA", "fe80::1", NetworkPolicy(), id="link local"),
        pytest.param(
            "A", "8.8.8.8", NetworkPolicy(never=(ip_network("8.0.0.0/8"),)), id="the operator's"
        ),
    ],
)
async def test_no_packet_goes_where_the_policy_forbids(
    kind: str, address: str, policy: NetworkPolicy
) -> None:
    records = with_zone({("ns1.example.", "A"): [], (ZONE.name, "NS"): ["ns1.example."]})
    records = {**records, ("ns1.example.", kind): [address]}
    # These listen wherever such a packet could arrive on this machine.
    listening = {at: honest() for at in ("127.0.0.1", NS1, "::1")}
    registry = ip_network(f"{REGISTRY}/32")
    script = Script(
        resolve={RESOLVERS[0]: resolving(records)},
        serve=listening,
        delegation=["ns1.example."],
        policy=replace(policy, allowed=(*policy.allowed, registry)),
    )
    observed = await look(script)
    (server,) = observed.servers
    assert ip_address(server.address) == ip_address(address)
    assert isinstance(server.answer, NeverContacted)
    assert str(ip_address(address)) in server.answer.why
    assert script.met == []


def test_production_s_event_loop_does_as_well() -> None:
    script = Script()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        observed = runner.run(look(script))
    assert [server.answer for server in observed.servers] == [GOOD, GOOD]
    assert set(script.met) == {NS1, NS2}


def test_a_resolver_must_be_configured() -> None:
    with pytest.raises(ValueError, match="at least one"):
        DnsLooks(Clock(), [], LOOPBACK)
