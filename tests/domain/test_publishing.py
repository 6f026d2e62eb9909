from dataclasses import replace

from byoip.domain.checks.evidence import Passed
from byoip.domain.checks.irr_authorisation import judge_token
from byoip.domain.checks.rpsl import parse_objects
from byoip.domain.claims.ownership_token import TokenMethod
from byoip.domain.claims.publishing import instructions
from tests.domain.samples import ARIN, LABEL, TOKEN, prefix, token


def test_for_rdns_there_is_a_line_for_each_zone() -> None:
    issued = token(method=TokenMethod.RDNS, prefix=prefix("198.18.0.0/23"))

    first, second = instructions(issued, LABEL, ARIN)

    assert (first.where, second.where) == (
        "reverse zone of 198.18.0.0/24",
        "reverse zone of 198.18.1.0/24",
    )
    assert first.name == f"{LABEL}.0.18.198.in-addr.arpa."
    assert first.line == f'{first.name} 300 IN TXT "{TOKEN}"'


def test_for_irr_there_is_the_line_and_an_object_that_would_prove_it() -> None:
    issued = token(method=TokenMethod.IRR)

    plain = replace(ARIN, objects_from_roas=False)
    line, whole = instructions(issued, LABEL, plain)
    (pasted,) = parse_objects(whole.line.encode())

    assert line.line == f"remarks: {LABEL}: {TOKEN}"
    assert isinstance(judge_token(pasted, TOKEN, LABEL, plain, None, issued.prefix), Passed)


def test_where_roas_make_the_object_the_roa_comes_first_and_the_line_after() -> None:
    roa, line = instructions(token(method=TokenMethod.IRR), LABEL, ARIN)

    assert "Publish a ROA at the registry of the space: prefix 192.0.2.0/24" in roa.line
    assert line.line == f"remarks: {LABEL}: {TOKEN}"


def test_before_the_registry_is_known_the_line_stands_alone() -> None:
    (only,) = instructions(token(method=TokenMethod.IRR), LABEL, None)

    assert "RIR of the space" in only.where


def test_a_token_for_either_method_has_both() -> None:
    assert len(instructions(token(), LABEL, ARIN)) == 3


def test_where_there_are_no_route_objects_there_is_nothing_to_publish_in_one() -> None:
    without = replace(ARIN, offers_route_objects=False)
    assert instructions(token(method=TokenMethod.IRR), LABEL, without) == ()
    assert len(instructions(token(), LABEL, without)) == 1
