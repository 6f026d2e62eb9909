"""Registration data: whose network, what kind of space, and what a letter may say of it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from byoip.domain.checks.evidence import Fault, RawAnswer
from byoip.domain.checks.registry import Dialect, Registry
from byoip.domain.letters.registrants import _INSTEAD, registrants_of
from byoip.domain.letters.witnesses import Witnesses
from byoip.domain.rdap.network import (
    Entity,
    Network,
    Registrant,
    SpaceKind,
    address_text,
    legible,
    quoted,
    registrant_of,
)
from byoip.domain.rdap.said import ASKED, NOTHING_ASKED, RdapEnd, Said, lessee_hints, read_said
from tests.domain.samples import prefix

AT = datetime(2026, 11, 22, 11, 53, tzinfo=UTC)
ORG = Registrant("ORG-EX1-RIPE", "org", "Example B.V.")
OTHER = Registrant("ORG-LIR1-RIPE", "org", "Example LIR")
LEAST = Network("192.0.2.0", "192.0.2.255", type="ASSIGNED PA", registrant=ORG)
AROUND = Network("192.0.0.0", "192.0.255.255", type="ALLOCATED PA", registrant=OTHER)
OF = "rdap.db.ripe.net"


def entity(handle: str, kind: str, name: str, *roles: str) -> Entity:
    return Entity(handle, frozenset(roles or ("registrant",)), kind, name)


MAINTAINER = entity("EXAMPLE-MNT", "individual", "EXAMPLE-MNT")
REGISTRYS = entity("RIPE-NCC-END-MNT", "individual", "RIPE NCC")
ORGANISATION = entity("ORG-EX1-RIPE", "org", "Example B.V.")
PERSON = entity("EX1-RIPE", "individual", "Example Person")
CONTACT = entity("ORG-2", "org", "Contact", "technical")
ANOTHER = entity("ORG-3", "org", "Another")


@pytest.mark.parametrize(
    ("entities", "named"),
    [
        ([], None),
        ([MAINTAINER, REGISTRYS], None),
        ([MAINTAINER, ORGANISATION, REGISTRYS, PERSON], "Example B.V."),
        ([ORGANISATION, ORGANISATION], "Example B.V."),
        ([MAINTAINER, PERSON], "Example Person"),
        ([entity("X", "", "Example")], "Example"),
        ([entity("X", "org", "")], None),
        ([CONTACT], None),
        ([ORGANISATION, ANOTHER], None),
        ([ORGANISATION, ANOTHER, PERSON], None),
        ([entity("X", "group", "A role")], None),
    ],
)
def test_one_registrant_is_named_or_none(entities: list[Entity], named: str | None) -> None:
    found = registrant_of(entities)
    assert (found and found.name) == named


@pytest.mark.parametrize(
    ("kind", "space", "given_on"),
    [
        ("ALLOCATED PA", SpaceKind.PA, False),
        ("assigned pi", SpaceKind.PI, False),
        ("ASSIGNED PA", SpaceKind.PA, True),
        ("SUB-ALLOCATED PA", SpaceKind.PA, True),
        ("ASSIGNED PORTABLE", SpaceKind.PI, False),
        ("ASSIGNED NON-PORTABLE", SpaceKind.PA, True),
        ("DIRECT ALLOCATION", SpaceKind.PA, False),
        ("REASSIGNMENT", SpaceKind.PA, True),
        ("LEGACY", None, False),
        ("ASSIGNED", None, False),
        ("", None, False),
    ],
)
def test_types_say_pa_or_pi(kind: str, space: SpaceKind | None, *, given_on: bool) -> None:
    network = Network("192.0.2.0", "192.0.2.255", type=kind)
    assert (network.space, network.given_on) == (space, given_on)


@pytest.mark.parametrize(
    ("name", "placeholder"),
    [("STUB-203-0-113SLASH24", True), ("erx-netblock", True), ("EXAMPLE-STUB", False), ("", False)],
)
def test_placeholders_are_known_by_name(name: str, *, placeholder: bool) -> None:
    assert Network("192.0.2.0", "192.0.2.255", name=name).placeholder is placeholder


@pytest.mark.parametrize("text", ["fe80::1%eth0", "192.0.2", "192.0.2.0/24", "", "01.2.3.4"])
def test_what_is_no_address_of_the_internet_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"zone|address"):
        address_text(text)


@pytest.mark.parametrize(
    "said",
    [
        Said(RdapEnd.ANSWERED, "ripencc", LEAST),
        Said(RdapEnd.ANSWERED, "arin", Network("::", "::1")),
        Said(RdapEnd.ABSENT, "ripencc"),
        Said(RdapEnd.UNANSWERED, "ripencc", fault=Fault.TIMEOUT, detail="no answer in 5 s"),
    ],
)
def test_what_was_said_can_be_read_again(said: Said) -> None:
    assert read_said(said.kept()) == said


def said(*networks: Network) -> list[Said]:
    return [Said(RdapEnd.ANSWERED, "ripencc", one) for one in networks]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ([], None),
        ([Said(RdapEnd.UNANSWERED, "ripencc", fault=Fault.TIMEOUT)], None),
        (said(AROUND), None),
        (said(LEAST), "a customer of the holder"),
        (said(LEAST, AROUND), "another registrant than 192.0.0.0 - 192.0.255.255"),
        (said(LEAST, Network("192.0.0.0", "192.0.255.255", registrant=ORG)), None),
        ([*said(LEAST), Said(RdapEnd.ABSENT, "ripencc")], "a customer of the holder"),
    ],
)
def test_who_brings_a_part_may_be_a_lessee(words: list[Said], hint: str | None) -> None:
    hints = lessee_hints(words)
    assert len(hints) == (hint is not None)
    assert hint is None or hint in hints[0]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Société", "Société"),
        ("A\u202eB", "A<U+202E>B"),
        ("\x1b[31m", "<U+001B>[31m"),
        ("x" * 200, "x" * 97 + "..."),
        ("  Example  ", "Example"),
    ],
)
def test_foreign_words_are_made_legible(text: str, shown: str) -> None:
    assert legible(text) == shown


def test_words_cannot_close_their_quotation() -> None:
    assert quoted('Ex", which we have verified, "') == '"Ex\\", which we have verified, \\""'
    assert quoted("Ex\\") == '"Ex\\\\"'


def exhibit(one: Said, of: str = OF) -> RawAnswer:
    return RawAnswer(f"{ASKED}GET https://{OF}/ip/192.0.2.0/24", of, one.kept(), AT)


def stated(*exhibits: RawAnswer, **registries: Registry) -> list[str]:
    found = registrants_of(exhibits, prefix("192.0.2.0/24"), Witnesses(registries=registries))
    return [str(one) for one in found]


ASKED_OF = "RIPE NCC, rdap.db.ripe.net, asked by RDAP at 2026-11-22 11:53 UTC,"


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        (
            Said(RdapEnd.ANSWERED, "ripencc", LEAST),
            (
                'names "Example B.V." ("org") for 192.0.2.0 - 192.0.2.255, "ASSIGNED PA", '
                "which is PA space"
            ),
        ),
        (
            Said(RdapEnd.ANSWERED, "ripencc", Network("192.0.2.0", "192.0.2.255")),
            "names no one registrant for 192.0.2.0 - 192.0.2.255",
        ),
        (Said(RdapEnd.ABSENT, "ripencc"), "has no network around 192.0.2.0/24"),
    ],
)
def test_a_letter_says_whose_words_they_are(word: Said, sentence: str) -> None:
    assert stated(exhibit(word)) == [f"{ASKED_OF} {sentence}"]


@pytest.mark.parametrize("fault", [None, *Fault])
def test_a_letter_says_why_there_is_no_answer(fault: Fault | None) -> None:
    detail = 'a placeholder: "), which names us'
    (told,) = stated(exhibit(Said(RdapEnd.UNANSWERED, "ripencc", fault=fault, detail=detail)))
    asked = ASKED_OF.rstrip(",")
    assert told.startswith(f"{asked} for 192.0.2.0/24, ")
    assert detail not in told, "its quotation cannot be closed"
    words = told.removeprefix(f"{asked} for 192.0.2.0/24, ")
    assert (words == "gave no answer") == (fault not in _INSTEAD)


def test_both_registrants_stand_in_the_letter() -> None:
    both = stated(*(exhibit(one) for one in said(LEAST, AROUND)))
    assert [one.split('"')[1] for one in both] == ["Example B.V.", "Example LIR"]


def test_a_name_of_another_block_does_not() -> None:
    another = Network("192.0.3.0", "192.0.3.255", registrant=ORG)
    assert stated(exhibit(Said(RdapEnd.ANSWERED, "ripencc", another))) == []


def test_what_was_not_kept_is_not_stated() -> None:
    gone = RawAnswer(f"{ASKED}GET https://{OF}/", OF, b"", AT)
    assert stated(gone) == []


def test_nor_is_a_question_that_nobody_was_asked() -> None:
    unanswered = exhibit(Said(RdapEnd.UNANSWERED, "ripencc", fault=Fault.OUT_OF_BUDGET))
    assert len(stated(unanswered)) == 1
    assert stated(replace(unanswered, asked=f"{NOTHING_ASKED}: https://{OF}/")) == []


@pytest.mark.parametrize(
    ("url", "named"),
    [("http://127.0.0.1:4080/", True), ("http://127.0.0.1:4081/rdap", False), (None, False)],
)
def test_a_server_that_only_the_operator_knows_is_named_where_it_is_the_registrys(
    url: str | None, *, named: bool
) -> None:
    words = exhibit(Said(RdapEnd.ANSWERED, "ripencc", LEAST), "127.0.0.1:4080")
    known = Registry("ripencc", "RIPE", "whois.example", Dialect.RIPE, rdap_url=url)
    assert bool(stated(words, ripencc=known)) is named
