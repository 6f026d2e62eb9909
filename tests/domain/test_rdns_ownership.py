from dataclasses import replace

import pytest

from byoip.domain.checks.evidence import Failed, Fault, Passed, Reason, Unanswered
from byoip.domain.checks.rdns_ownership import judge_zones
from byoip.domain.checks.reverse_dns.advice import bare
from byoip.domain.checks.reverse_dns.observation import (
    Alias,
    Delegation,
    NeverContacted,
    ServerAnswer,
    ServerObservation,
    Silent,
    TxtValues,
    ZoneObservation,
    ZoneSecurity,
)
from byoip.domain.checks.reverse_zone import reverse_zones, txt_lines
from byoip.domain.foreign_text import LONGEST_SHOWN
from tests.domain.samples import LABEL, STALE, TOKEN, prefix

LOW, HIGH = reverse_zones(prefix("198.18.0.0/23"))

YES = TxtValues((TOKEN,))
NOTHING = TxtValues(())
OLD = TxtValues((STALE,))
TIMEOUT = Silent(Fault.TIMEOUT, "nothing within 5 s")
REFUSED = Silent(Fault.REFUSED, "REFUSED")
AVOIDED = NeverContacted("a private address")
PARKING = Alias("parking.example.")


def unsigned(*answers: ServerAnswer, resolver: ServerAnswer = NOTHING) -> ZoneObservation:
    """Of an unsigned zone: each answer from an address of its own."""
    servers = tuple(
        ServerObservation(f"ns{number}.example.", f"198.51.100.{number}", answer)
        for number, answer in enumerate(answers, start=1)
    )
    return insecure(*servers, resolver=resolver)


def insecure(*servers: ServerObservation, resolver: ServerAnswer = NOTHING) -> ZoneObservation:
    """Of an unsigned zone, whose parent names all of these servers."""
    names = tuple(dict.fromkeys(one.server for one in servers))
    seen = ZoneObservation(LOW, LOW.owner(LABEL), ZoneSecurity.INSECURE, resolver, servers, ())
    return replace(seen, delegation=Delegation(LOW.name, "198.in-addr.arpa.", names))


def signed(resolver: ServerAnswer, security: ZoneSecurity = ZoneSecurity.SECURE) -> ZoneObservation:
    return ZoneObservation(HIGH, HIGH.owner(LABEL), security, resolver, (), ())


def reason(*observations: ZoneObservation) -> Reason:
    outcome = judge_zones(observations, TOKEN)
    assert isinstance(outcome, Failed), outcome
    return outcome.reason


def fault(*observations: ZoneObservation) -> Fault:
    outcome = judge_zones(observations, TOKEN)
    assert isinstance(outcome, Unanswered), outcome
    return outcome.fault


def test_no_zones_prove_nothing() -> None:
    assert fault() is Fault.NOT_ASKED


# A zone that is signed


@pytest.mark.parametrize(
    "values", [(TOKEN,), (STALE, TOKEN), ("v=spf1 -all", TOKEN, "x")], ids=["one", "old", "several"]
)
def test_an_authenticated_answer_with_the_token_passes(values: tuple[str, ...]) -> None:
    outcome = judge_zones([signed(TxtValues(values))], TOKEN)

    assert outcome == Passed("The token stands in 1.18.198.in-addr.arpa.")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(NOTHING, Reason.TOKEN_MISSING, id="authenticated-denial"),
        pytest.param(OLD, Reason.TOKEN_OTHER, id="another-token"),
        pytest.param(TxtValues((TOKEN.upper(),)), Reason.TOKEN_OTHER, id="upper-case"),
        pytest.param(TxtValues((f" {TOKEN}",)), Reason.TOKEN_OTHER, id="space-before"),
        pytest.param(TxtValues((f"{TOKEN}\n",)), Reason.TOKEN_OTHER, id="newline-after"),
        pytest.param(TxtValues((f"{TOKEN}\udc80",)), Reason.TOKEN_OTHER, id="lone-surrogate"),
        pytest.param(TxtValues(("",)), Reason.TOKEN_MISSING, id="empty-text"),
        pytest.param(PARKING, Reason.ALIAS_IN_ANSWER, id="alias"),
    ],
)
def test_an_authenticated_answer_without_it_fails(answer: ServerAnswer, expected: Reason) -> None:
    assert reason(signed(answer)) is expected


def test_a_signed_zone_that_does_not_answer_is_unanswered() -> None:
    assert fault(signed(TIMEOUT)) is Fault.TIMEOUT
    assert fault(signed(AVOIDED)) is Fault.NOT_ASKED


def test_servers_asked_directly_prove_nothing_in_a_signed_zone() -> None:
    direct = tuple(ServerObservation("ns.example.", f"198.51.100.{n}", YES) for n in (1, 2))
    seen = ZoneObservation(LOW, LOW.owner(LABEL), ZoneSecurity.SECURE, NOTHING, direct, ())

    assert reason(seen) is Reason.TOKEN_MISSING


@pytest.mark.parametrize("answer", [YES, NOTHING, TIMEOUT], ids=["yes", "nothing", "timeout"])
def test_broken_signatures_are_bogus_and_never_missing(answer: ServerAnswer) -> None:
    assert reason(signed(answer, ZoneSecurity.BOGUS)) is Reason.DNSSEC_BOGUS


def test_where_the_resolver_does_not_say_there_is_no_answer() -> None:
    assert fault(signed(TIMEOUT, ZoneSecurity.UNKNOWN)) is Fault.TIMEOUT
    assert fault(signed(YES, ZoneSecurity.UNKNOWN)) is Fault.SERVER_FAILURE


# A zone that is not signed


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param([YES], id="the-only-address"),
        pytest.param([YES, YES], id="both"),
        pytest.param([YES, YES, TIMEOUT], id="one-of-three-silent"),
        pytest.param([YES, YES, YES, TIMEOUT, REFUSED], id="two-of-five-silent"),
        pytest.param([TxtValues((STALE, TOKEN)), YES], id="an-old-one-beside-it"),
    ],
)
def test_enough_servers_with_the_token_pass(answers: list[ServerAnswer]) -> None:
    assert isinstance(judge_zones([unsigned(*answers)], TOKEN), Passed)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param([TIMEOUT], Fault.TIMEOUT, id="the-only-address-silent"),
        pytest.param([YES, TIMEOUT], Fault.TIMEOUT, id="one-voice-of-two"),
        pytest.param([YES, REFUSED, TIMEOUT], Fault.REFUSED, id="one-voice-of-three"),
        pytest.param([YES, YES, TIMEOUT, TIMEOUT, TIMEOUT], Fault.TIMEOUT, id="most-silent"),
        pytest.param([YES, YES, TIMEOUT, REFUSED], Fault.TIMEOUT, id="half-silent"),
        pytest.param([YES, AVOIDED, TIMEOUT], Fault.TIMEOUT, id="avoided-is-no-voice"),
        pytest.param([REFUSED, TIMEOUT], Fault.REFUSED, id="all-silent"),
        pytest.param([], Fault.LAME, id="no-server"),
    ],
)
def test_too_few_are_no_answer(answers: list[ServerAnswer], expected: Fault) -> None:
    assert fault(unsigned(*answers)) is expected


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param([NOTHING, NOTHING], Reason.TOKEN_MISSING, id="none-has-it"),
        pytest.param([OLD, OLD], Reason.TOKEN_OTHER, id="another-token"),
        pytest.param([OLD, NOTHING], Reason.TOKEN_OTHER, id="another-or-nothing"),
        pytest.param([YES, NOTHING], Reason.SERVERS_CONTRADICT, id="one-lacks-it"),
        pytest.param([YES, YES, YES, OLD], Reason.SERVERS_CONTRADICT, id="one-has-another"),
        pytest.param([NOTHING, TIMEOUT, TIMEOUT], Reason.TOKEN_MISSING, id="no-among-silent"),
        pytest.param([PARKING, YES], Reason.ALIAS_IN_ANSWER, id="alias"),
        pytest.param([AVOIDED], Reason.SERVER_REFUSED_BY_POLICY, id="only-address-avoided"),
        pytest.param(
            [YES, YES, AVOIDED, AVOIDED, AVOIDED],
            Reason.SERVER_REFUSED_BY_POLICY,
            id="avoided-do-not-shrink-the-number",
        ),
        pytest.param([YES, AVOIDED], Reason.SERVER_REFUSED_BY_POLICY, id="too-few-to-ask"),
        pytest.param([AVOIDED, AVOIDED], Reason.SERVER_REFUSED_BY_POLICY, id="all-avoided"),
    ],
)
def test_a_server_that_says_no_decides(answers: list[ServerAnswer], expected: Reason) -> None:
    assert reason(unsigned(*answers)) is expected


def test_one_address_under_two_names_is_one_voice() -> None:
    twice = tuple(ServerObservation(f"ns{n}.example.", "198.51.100.1", YES) for n in (1, 2))
    other = ServerObservation("ns3.example.", "198.51.100.3", TIMEOUT)
    alone, beside = insecure(*twice), insecure(*twice, other)

    assert isinstance(judge_zones([alone], TOKEN), Passed)
    assert fault(beside) is Fault.TIMEOUT


@pytest.mark.parametrize("cached", [NOTHING, OLD, TIMEOUT])
def test_what_the_resolver_cached_of_an_unsigned_zone_does_not_count(cached: ServerAnswer) -> None:
    assert isinstance(judge_zones([unsigned(YES, YES, resolver=cached)], TOKEN), Passed)


def test_the_resolver_alone_proves_nothing_of_an_unsigned_zone() -> None:
    assert fault(unsigned(TIMEOUT, TIMEOUT, resolver=YES)) is Fault.TIMEOUT


def test_the_alias_is_named() -> None:
    outcome = judge_zones([unsigned(PARKING, PARKING)], TOKEN)

    assert isinstance(outcome, Failed)
    assert outcome.seen == "0.18.198.in-addr.arpa has an alias there, to parking.example."


def test_the_servers_that_lack_it_are_named() -> None:
    outcome = judge_zones([unsigned(YES, NOTHING, YES)], TOKEN)

    assert isinstance(outcome, Failed)
    assert "not at ns2.example (198.51.100.2)" in outcome.seen


def test_what_stands_there_is_shown_without_control_characters() -> None:
    outcome = judge_zones([signed(TxtValues(("\x1b[2J\0",)))], TOKEN)

    assert isinstance(outcome, Failed)
    assert "\\x1b[2J\\x00" in outcome.seen


# All zones


def test_all_zones_with_the_token_pass() -> None:
    outcome = judge_zones([unsigned(YES, YES), signed(YES)], TOKEN)

    assert isinstance(outcome, Passed)
    assert LOW.name[:-1] in outcome.seen
    assert HIGH.name[:-1] in outcome.seen


def test_a_zone_that_lacks_it_is_named_with_its_line() -> None:
    outcome = judge_zones([unsigned(YES, YES), signed(NOTHING)], TOKEN)

    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.TOKEN_NOT_IN_EVERY_ZONE
    assert outcome.seen.startswith("1.18.198.in-addr.arpa has no TXT record there")
    assert f'{HIGH.owner(LABEL)} 300 IN TXT "{TOKEN}"' in outcome.fix
    assert LOW.owner(LABEL) not in outcome.fix


def test_without_a_single_zone_it_is_missing_with_every_line() -> None:
    outcome = judge_zones([unsigned(NOTHING, NOTHING), signed(NOTHING)], TOKEN)

    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.TOKEN_MISSING
    assert outcome.fix.split("\n")[1:] == list(txt_lines([LOW, HIGH], LABEL, TOKEN))


def test_a_no_in_one_zone_wins_over_silence_in_another() -> None:
    assert reason(unsigned(TIMEOUT, TIMEOUT), signed(NOTHING)) is Reason.TOKEN_MISSING
    assert reason(unsigned(YES, TIMEOUT), signed(OLD)) is Reason.TOKEN_OTHER


def test_silence_in_one_zone_is_no_answer_while_none_says_no() -> None:
    outcome = judge_zones([unsigned(TIMEOUT, TIMEOUT), signed(YES)], TOKEN)

    assert isinstance(outcome, Unanswered)
    assert outcome.fault is Fault.TIMEOUT
    assert LOW.name[:-1] in outcome.seen
    assert HIGH.name[:-1] not in outcome.seen


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (signed(YES, ZoneSecurity.BOGUS), Reason.DNSSEC_BOGUS),
        (signed(PARKING), Reason.ALIAS_IN_ANSWER),
        (signed(OLD), Reason.TOKEN_OTHER),
    ],
)
def test_what_must_be_mended_first_is_named_first(first: ZoneObservation, expected: Reason) -> None:
    outcome = judge_zones([unsigned(NOTHING, NOTHING), first], TOKEN)

    assert isinstance(outcome, Failed)
    assert outcome.reason is expected
    assert f'{LOW.owner(LABEL)} 300 IN TXT "{TOKEN}"' in outcome.fix  # the rest is said as well


def test_the_lines_to_paste_are_zone_file_lines() -> None:
    assert txt_lines([LOW], LABEL, TOKEN) == (
        f'byoip-validation.0.18.198.in-addr.arpa. 300 IN TXT "{TOKEN}"',
    )


def test_of_a_long_name_its_end_is_shown_which_says_whose_it_is() -> None:
    name = f"ns1.ripe.net.{'a' * 60}.{'b' * 60}.evil.example."
    assert len(bare(name)) == LONGEST_SHOWN
    assert bare(name).startswith("...")
    assert bare(name).endswith("b.evil.example")
    assert bare("a\\04653.example.") == "a\\04653.example"
