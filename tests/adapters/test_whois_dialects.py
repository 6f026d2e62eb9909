from contextlib import suppress
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byoip.adapters.checks.whois_dialects import NotAnAnswer, exchange
from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.registry import Dialect, Registry
from byoip.domain.checks.rpsl import RpslObject
from byoip.domain.prefix import Prefix
from byoip.ports.checks.registry import Lookup, RegistryQuestion

ROUTE = b"route: 192.0.2.0/24\norigin: AS64500\nmnt-by: M\nsource: RIPE\n"
SERVED = b"% This query was served by the RIPE Database Query Service version 1.1 (A)\n\n\n"
BANNER = b"% This is the RIPE Database query service.\n\n"
NOTHING = b"%ERROR:101: no entries found\n%\n% No entries found in source RIPE.\n\n"
SWITCHES = b"C\nA4\nabc\nC\nF Unrecognised command\nF Unrecognised command\n"


def question(
    dialect: Dialect = Dialect.RIPE,
    lookup: Lookup = Lookup.EXACT_ROUTES,
    *,
    prefix: str = "192.0.2.0/24",
    source: str = "RIPE",
) -> RegistryQuestion:
    registry = Registry("ripencc", source, "whois.invalid", dialect)
    return RegistryQuestion(registry, lookup, Prefix.parse(prefix), UUID(int=1))


def read(
    answer: bytes, dialect: Dialect = Dialect.RIPE, lookup: Lookup = Lookup.EXACT_ROUTES
) -> tuple[RpslObject, ...]:
    return exchange(question(dialect, lookup)).read(answer)


@pytest.mark.parametrize(
    ("dialect", "lookup", "prefix", "sent"),
    [
        pytest.param(
            Dialect.RIPE,
            Lookup.EXACT_ROUTES,
            "192.0.2.0/24",
            b"-r -B -G -x -s RIPE -T route 192.0.2.0/24\r\n",
            id="ripe exact",
        ),
        pytest.param(
            Dialect.RIPE,
            Lookup.MORE_SPECIFIC_ROUTES,
            "2001:DB8::/32",
            b"-r -B -G -M -s RIPE -T route6 2001:db8::/32\r\n",
            id="ripe inside",
        ),
        pytest.param(
            Dialect.RIPE,
            Lookup.COVERING_ROUTES,
            "2001:DB8::/32",
            b"-r -B -G -L -s RIPE,RIPE-NONAUTH -T route6 2001:db8::/32\r\n",
            id="ripe around",
        ),
        pytest.param(
            Dialect.IRRD,
            Lookup.COVERING_ROUTES,
            "192.0.2.0/24",
            b"!!\r\n!sRIPE\r\n!fno-rpki-filter\r\n!fno-scope-filter\r\n"
            b"!fno-route-preference-filter\r\n!r192.0.2.0/24,L\r\n!q\r\n",
            id="irrd around",
        ),
        pytest.param(
            Dialect.RIPE,
            Lookup.SMALLEST_HOLDER,
            "192.0.2.0/24",
            b"-r -B -G -s RIPE -T inetnum 192.0.2.0/24\r\n",
            id="ripe holder",
        ),
        pytest.param(
            Dialect.IRRD,
            Lookup.EXACT_ROUTES,
            "192.0.2.0/24",
            b"!!\r\n!sRIPE\r\n!fno-rpki-filter\r\n!fno-scope-filter\r\n"
            b"!fno-route-preference-filter\r\n!r192.0.2.0/24\r\n!q\r\n",
            id="irrd exact",
        ),
        pytest.param(
            Dialect.IRRD,
            Lookup.SMALLEST_HOLDER,
            "2001:db8::/32",
            b"-s RIPE -T inet6num 2001:db8::/32\r\n",
            id="irrd holder",
        ),
    ],
)
def test_the_question_is_built_from_parsed_values(
    dialect: Dialect, lookup: Lookup, prefix: str, sent: bytes
) -> None:
    assert exchange(question(dialect, lookup, prefix=prefix)).sent == sent


@pytest.mark.parametrize("source", ["RIPE\r\n-k", "RIPE,RADB", "-a", "", "R" * 64])
@pytest.mark.parametrize("dialect", list(Dialect))
def test_a_source_that_could_not_be_one_is_never_sent(dialect: Dialect, source: str) -> None:
    with pytest.raises(ValueError, match="cannot be the source"):
        exchange(question(dialect, source=source))


@pytest.mark.parametrize(
    ("says", "fault"),
    [
        pytest.param(b"", Fault.TRUNCATED, id="nothing at all"),
        pytest.param(BANNER + ROUTE, Fault.TRUNCATED, id="no end"),
        pytest.param(BANNER + ROUTE + b"\n", Fault.TRUNCATED, id="one empty line"),
        pytest.param(BANNER + ROUTE[:-9], Fault.TRUNCATED, id="middle of an object"),
        pytest.param(BANNER + NOTHING, Fault.TRUNCATED, id="no entries, no end"),
        pytest.param(BANNER + b"\n" + SERVED, Fault.GARBAGE, id="neither objects nor none"),
        pytest.param(BANNER + NOTHING + ROUTE + b"\n" + SERVED, Fault.GARBAGE, id="both"),
        pytest.param(b"person: Somebody\nsource: RIPE\n\n" + SERVED, Fault.GARBAGE, id="class"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", Fault.GARBAGE, id="another protocol"),
        pytest.param(b"\x00\x01\x02" + SERVED, Fault.GARBAGE, id="not text"),
        pytest.param(
            b"%ERROR:201: access denied for 192.0.2.1\n\n\n", Fault.REFUSED, id="201 denied"
        ),
        pytest.param(b"%ERROR:306: connections exceeded\n", Fault.REFUSED, id="306 without end"),
        pytest.param(
            BANNER + ROUTE + b"\n%ERROR:201: access denied\n\n" + SERVED,
            Fault.REFUSED,
            id="201 after the first object",
        ),
        pytest.param(
            b"% Your host 192.0.2.1 has been blocked\n", Fault.REFUSED, id="words without a code"
        ),
        pytest.param(b"%ERROR:305: connection has been closed\n\n\n", Fault.TIMEOUT, id="305"),
        pytest.param(b"%ERROR:100: internal software error\n\n\n", Fault.SERVER_FAILURE, id="100"),
        pytest.param(b"%ERROR:102: unknown source\n\n\n", Fault.SERVER_FAILURE, id="102"),
    ],
)
def test_what_is_no_answer_of_ripe_is_never_taken_for_nothing_found(
    says: bytes, fault: Fault
) -> None:
    with pytest.raises(NotAnAnswer) as caught:
        read(says)
    assert caught.value.fault is fault


@pytest.mark.parametrize(
    ("says", "fault"),
    [
        pytest.param(b"", Fault.TRUNCATED, id="nothing at all"),
        pytest.param(SWITCHES, Fault.TRUNCATED, id="no answer to the search"),
        pytest.param(SWITCHES + b"D", Fault.TRUNCATED, id="no end of line"),
        pytest.param(SWITCHES + b"A62\n" + ROUTE[:20], Fault.TRUNCATED, id="short"),
        pytest.param(SWITCHES + b"A62\n" + ROUTE + b"C", Fault.TRUNCATED, id="no last line"),
        pytest.param(SWITCHES + b"A9\n" + ROUTE + b"C\n", Fault.GARBAGE, id="wrong length"),
        pytest.param(SWITCHES + b"D\nD\n", Fault.GARBAGE, id="more answers than questions"),
        pytest.param(SWITCHES + b"F An error\n", Fault.SERVER_FAILURE, id="error"),
        pytest.param(b"F bad source\n" + SWITCHES[2:] + b"D\n", Fault.SERVER_FAILURE, id="!s"),
        pytest.param(b"%% Access denied", Fault.REFUSED, id="denied"),
        pytest.param(BANNER + NOTHING + SERVED, Fault.GARBAGE, id="the other dialect"),
        pytest.param(b"\xff\xfe\n", Fault.GARBAGE, id="not text"),
    ],
)
def test_what_is_no_answer_of_irrd_is_never_taken_for_nothing_found(
    says: bytes, fault: Fault
) -> None:
    with pytest.raises(NotAnAnswer) as caught:
        read(says, Dialect.IRRD)
    assert caught.value.fault is fault


@pytest.mark.parametrize(
    ("says", "fault"),
    [
        pytest.param(b"%% ERROR: An internal error\n\n\n", Fault.SERVER_FAILURE, id="error"),
        pytest.param(b"%% Access denied", Fault.REFUSED, id="denied"),
        pytest.param(
            b"%  No entries found for the selected source(s).\n", Fault.TRUNCATED, id="cut"
        ),
    ],
)
def test_what_irrd_says_of_holders_is_read_as_strictly(says: bytes, fault: Fault) -> None:
    with pytest.raises(NotAnAnswer) as caught:
        read(says, Dialect.IRRD, Lookup.SMALLEST_HOLDER)
    assert caught.value.fault is fault


@pytest.mark.parametrize(
    "says",
    [
        pytest.param(BANNER + ROUTE + b"\n" + SERVED, id="ripe"),
        pytest.param((BANNER + ROUTE + b"\n" + SERVED).replace(b"\n", b"\r\n"), id="crlf"),
        pytest.param(BANNER + ROUTE + b"\n\n", id="a server that does not name itself"),
    ],
)
def test_a_whole_answer_of_ripe_is_found(says: bytes) -> None:
    assert [one.all("origin")[0].value for one in read(says)] == ["AS64500"]


@pytest.mark.parametrize("nothing", [True, False])
def test_every_byte_that_is_missing_at_the_end_is_noticed(nothing: bool) -> None:
    frames = b"D\n" if nothing else b"A%d\n%bC\n" % (len(ROUTE), ROUTE)
    ripe = BANNER + (NOTHING if nothing else ROUTE + b"\n") + SERVED
    for dialect, whole in ((Dialect.RIPE, ripe), (Dialect.IRRD, SWITCHES + frames)):
        assert bool(read(whole, dialect)) != nothing
        for length in range(len(whole)):
            with pytest.raises(NotAnAnswer):
                read(whole[:length], dialect)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_whatever_break_the_reading(noise: bytes) -> None:
    for dialect in Dialect:
        for before in (b"", SWITCHES, BANNER, BANNER + ROUTE):
            with suppress(NotAnAnswer):
                read(before + noise, dialect)
