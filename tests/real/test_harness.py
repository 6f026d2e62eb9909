"""Every real part answers, and shows the property that tests built on it rely on."""

import random
import socket
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import timedelta
from ipaddress import IPv4Network
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from tests.real import processes, rpki_client
from tests.real.dns_world import SERVERS, DnsWorld, server_name
from tests.real.irrd_server import IrrdServer
from tests.real.parts import Part, missing, program, require
from tests.real.rov import RouteOriginJudge, Vrp
from tests.real.rpki_client import RsyncServer, validate
from tests.real.rpki_repository import AuthorityFault, RoaFault, RpkiRepository
from tests.real.zone_signing import Signing

ZONE = "2.0.192.in-addr.arpa"
NAME = f"_byoip-validation.{ZONE}"


def ask(world: DnsWorld, name: str, kind: str = "TXT", *, at: str | None = None) -> "Answer":
    question = dns.message.make_query(name, kind, want_dnssec=True)
    question.flags |= dns.flags.AD
    answer, over_tcp = dns.query.udp_with_fallback(
        question, at or world.resolver.address, port=world.port, timeout=3
    )
    return Answer(answer, over_tcp=over_tcp)


class Answer:
    def __init__(self, message: dns.message.Message, *, over_tcp: bool) -> None:
        self.rcode = dns.rcode.to_text(message.rcode())
        self.secure = bool(message.flags & dns.flags.AD)
        self.authoritative = bool(message.flags & dns.flags.AA)
        self.over_tcp = over_tcp
        self.texts = [
            data.to_text()
            for rrset in message.answer
            for data in rrset
            if data.rdtype.name != "RRSIG"
        ]


def test_a_published_txt_is_validated_by_the_resolver(dns_world: DnsWorld) -> None:
    dns_world.add_zone(ZONE)
    dns_world.publish(NAME, "token")
    answer = ask(dns_world, NAME)
    assert (answer.rcode, answer.secure, answer.texts) == ("NOERROR", True, ['"token"'])


def test_a_removed_txt_is_gone_at_once(dns_world: DnsWorld) -> None:
    dns_world.add_zone(ZONE)
    dns_world.publish(NAME, "token")
    assert ask(dns_world, NAME).texts
    dns_world.remove(NAME)
    answer = ask(dns_world, NAME)
    assert (answer.rcode, answer.secure) == ("NXDOMAIN", True)


@pytest.mark.parametrize(
    ("signing", "rcode", "secure"),
    [
        (Signing.SIGNED, "NOERROR", True),
        (Signing.UNSIGNED, "NOERROR", False),
        (Signing.TAMPERED, "SERVFAIL", False),
        (Signing.WRONG_DS, "SERVFAIL", False),
        (Signing.EXPIRED, "SERVFAIL", False),
    ],
    ids=lambda value: value.name if isinstance(value, Signing) else "",
)
def test_the_resolver_sees_how_a_zone_is_signed(
    dns_world: DnsWorld, signing: Signing, rcode: str, secure: bool
) -> None:
    dns_world.add_zone(ZONE, signing=signing)
    dns_world.publish(NAME, "token")
    answer = ask(dns_world, NAME)
    assert (answer.rcode, answer.secure) == (rcode, secure)


def test_a_zone_names_its_servers_and_the_resolver_finds_them(dns_world: DnsWorld) -> None:
    dns_world.add_zone(ZONE, servers=SERVERS)
    assert sorted(ask(dns_world, ZONE, "NS").texts) == [str(server_name(a)) for a in SERVERS]
    for address in SERVERS:
        assert ask(dns_world, str(server_name(address)), "A").texts == [address]


def test_a_long_txt_is_truncated_and_answered_over_tcp(dns_world: DnsWorld) -> None:
    dns_world.add_zone(ZONE)
    dns_world.publish(NAME, "x" * 3000)
    answer = ask(dns_world, NAME)
    assert answer.over_tcp
    assert answer.texts[0].count("x") == 3000


def test_a_wildcard_and_an_alias_are_answered_as_such(dns_world: DnsWorld) -> None:
    dns_world.add_zone(ZONE)
    dns_world.publish(f"*.{ZONE}", "for everyone")
    assert ask(dns_world, NAME).texts == ['"for everyone"']
    dns_world.publish(NAME, f"elsewhere.{ZONE}.", kind="CNAME")
    answer = ask(dns_world, NAME)
    assert answer.secure
    assert answer.texts == [f"elsewhere.{ZONE}.", '"for everyone"']


def test_servers_may_contradict_know_nothing_stay_silent_or_be_down(dns_world: DnsWorld) -> None:
    first, second, third = SERVERS
    dns_world.add_zone(ZONE, signing=Signing.UNSIGNED, servers=SERVERS)
    dns_world.publish(NAME, "token")
    dns_world.publish(NAME, "other", at=first)
    dns_world.make_lame(ZONE, at=second)
    answer = ask(dns_world, NAME, at=first)
    assert (answer.authoritative, answer.texts) == (True, ['"other"'])
    assert ask(dns_world, NAME, at=second).rcode == "REFUSED"
    assert ask(dns_world, NAME, at=third).texts == ['"token"']
    dns_world.silence(first)
    with pytest.raises(dns.exception.Timeout):
        dns.query.tcp(dns.message.make_query(NAME, "TXT"), first, 0.2, port=dns_world.port)
    dns_world.stop(second)
    with pytest.raises(ConnectionRefusedError):
        dns.query.tcp(dns.message.make_query(NAME, "TXT"), second, 2, port=dns_world.port)
    assert ask(dns_world, NAME).texts == ['"token"']


def test_every_test_gets_a_clean_dns(dns_world: DnsWorld) -> None:
    for address in SERVERS:
        assert ask(dns_world, NAME, at=address).rcode == "REFUSED"
    assert ask(dns_world, NAME).rcode == "NXDOMAIN"


ROUTE = """route: 192.0.2.0/24
origin: AS64500
remarks: byoip-validation: token
mnt-by: EXAMPLE-MNT
source: RIPE
"""


def whois(server: IrrdServer, query: str) -> str:
    with socket.create_connection((server.address, server.port), 10) as connection:
        connection.sendall(f"{query}\r\n".encode())
        answer = b""
        while received := connection.recv(65536):
            answer += received
    return answer.decode()


def test_irrd_answers_whois_in_both_dialects(irrd: IrrdServer) -> None:
    irrd.load("RIPE", ROUTE)
    found = whois(irrd, "-s RIPE -T route -x 192.0.2.0/24")
    assert "origin:         AS64500" in found
    assert "remarks:        byoip-validation: token" in found
    assert whois(irrd, "!r192.0.2.0/24,o") == "A8\nAS64500\nC\n"
    assert "No entries found" in whois(irrd, "-s ARIN -T route -x 192.0.2.0/24")


def test_irrd_refuses_objects_that_are_not_valid(irrd: IrrdServer) -> None:
    with pytest.raises(processes.ProgramFailedError, match="origin"):
        irrd.load("APNIC", "route: 192.0.2.0/24\nsource: APNIC\nmnt-by: A-MNT\n")


def asns(*repositories: RpkiRepository, at: Path) -> set[int]:
    published = [repository.publish(at) for repository in repositories]
    return {roa["asn"] for roa in validate(*published, out=at / "out")["roas"]}


def test_rpki_client_accepts_good_roas_and_drops_each_bad_one_alone(rpki_workplace: Path) -> None:
    repository = RpkiRepository()
    repository.add_authority("alice", "192.0.2.0/24", "2001:db8::/32")
    for number, fault in enumerate(RoaFault):
        repository.add_roa("alice", 65000 + number, "192.0.2.0/24", fault=fault)
    repository.add_roa("alice", 64500, "2001:db8::/32", max_length=48)
    repository.add_roa("alice", 64501, "198.51.100.0/24")  # not hers
    assert asns(repository, at=rpki_workplace) == {64500, 65000}


@pytest.mark.parametrize("fault", AuthorityFault, ids=lambda fault: fault.name)
def test_a_lost_authority_costs_its_own_roas_only(
    rpki_workplace: Path, fault: AuthorityFault
) -> None:
    repository = RpkiRepository()
    repository.add_authority("alice", "192.0.2.0/24", fault=fault)
    repository.add_roa("alice", 64500, "192.0.2.0/24")
    repository.add_roa("alice", 64501, "192.0.2.0/24")
    repository.add_authority("bob", "198.51.100.0/24")
    repository.add_roa("bob", 64502, "198.51.100.0/24")
    lost = set() if fault is AuthorityFault.NONE else {64500, 64501}
    assert asns(repository, at=rpki_workplace) == {64500, 64501, 64502} - lost


def test_a_wrong_trust_anchor_key_ends_in_an_empty_list(rpki_workplace: Path) -> None:
    repository = RpkiRepository()
    repository.add_authority("alice", "192.0.2.0/24")
    repository.add_roa("alice", 64500, "192.0.2.0/24")
    published = repository.publish(rpki_workplace, tal_key="another")
    found = validate(published, out=rpki_workplace / "out")
    assert found["roas"] == []
    assert found["metadata"]["invalidcertificates"] == 1


def test_trust_anchors_share_a_cache_and_everything_expires(rpki_workplace: Path) -> None:
    both = [RpkiRepository("first"), RpkiRepository("second")]
    for number, repository in enumerate(both):
        repository.add_authority("alice", "192.0.2.0/24")
        repository.add_roa("alice", 64500 + number, "192.0.2.0/24", max_length=25)
    published = [repository.publish(rpki_workplace) for repository in both]
    found = validate(*published, out=rpki_workplace / "out")["roas"]
    assert [(roa["asn"], roa["maxLength"], roa["ta"]) for roa in found] == [
        (64500, 25, "first"),
        (64501, 25, "second"),
    ]
    later = both[0].now + timedelta(days=2)
    assert validate(*published, out=rpki_workplace / "out", at=later)["roas"] == []


def test_rpki_client_fetches_from_the_rsync_server(
    rsync_server: RsyncServer, rpki_workplace: Path
) -> None:
    repository = RpkiRepository(host=rsync_server.host)
    repository.add_authority("alice", "192.0.2.0/24")
    repository.add_roa("alice", 64500, "192.0.2.0/24")
    tal = repository.publish(rsync_server.directory).tal
    cache, out = rpki_workplace / "cache", rpki_workplace / "out"
    cache.mkdir()
    out.mkdir()
    rpki_client.hand_over(cache, out)
    client = program("rpki-client")
    processes.run(client, "-j", "-S", "/dev/null", "-d", cache, "-t", tal, out)
    assert '"asn": 64500, "prefix": "192.0.2.0/24"' in (out / "json").read_text()


JudgeMaker = Callable[[Iterable[Vrp]], AbstractContextManager[RouteOriginJudge]]


def test_rpki_rov_judges_as_rfc_6811_says(judge_by: JudgeMaker) -> None:
    vrps = [
        ("192.0.2.0/24", 25, 64500),
        ("2001:db8::/32", 48, 4200000000),
        ("198.51.100.0/24", 24, 0),
    ]
    cases = {
        ("192.0.2.0/24", 64500): "valid",
        ("192.0.2.0/26", 64500): "invalid",
        ("192.0.2.0/24", 64501): "invalid",
        ("2001:db8:1::/48", 4200000000): "valid",
        ("198.51.100.0/24", 64500): "invalid",
        ("203.0.113.0/24", 64500): "notfound",
    }
    with judge_by(vrps) as judge:
        assert judge.judge(list(cases)) == list(cases.values())


def test_rpki_rov_judges_ten_thousand_routes(judge_by: JudgeMaker) -> None:
    dice = random.Random(6811)  # noqa: S311  # the same routes in every run

    def network(bits: int) -> str:
        return str(IPv4Network((dice.getrandbits(bits) << (32 - bits), bits)))

    vrps = [(network(12), 24, dice.randrange(1, 4)) for _ in range(2000)]
    routes = [(network(20), dice.randrange(1, 4)) for _ in range(10_000)]
    with judge_by(vrps) as judge:
        verdicts = judge.judge(routes)
    assert len(verdicts) == len(routes)
    assert set(verdicts) == {"valid", "invalid", "notfound"}


def test_a_missing_part_is_skipped_here_and_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr("tests.real.parts._SBIN", "/nonexistent")
    assert missing(Part.KNOT) == "knotd"
    with pytest.raises(pytest.skip.Exception, match="missing: knotd"):
        require(Part.KNOT, environment={})
    with pytest.raises(pytest.fail.Exception, match="missing: knotd"):
        require(Part.KNOT, environment={"CI": "true"})
