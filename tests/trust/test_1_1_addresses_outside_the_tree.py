"""Trust, 1.1: a hostile server of an unsigned forward zone does not choose where others are."""

from byoip.domain.checks.evidence import Passed
from tests.adapters.dns_script import NS1, NS2, Script
from tests.trust.dns_tree import EVIL2, holds, judged, resolver


async def test_an_address_by_the_word_of_a_hostile_secondary_confirms_nothing() -> None:
    lies = resolver({"ns2.example.": [EVIL2]})
    served = {NS1: holds(), NS2: holds(says=None), EVIL2: holds()}
    outcome = await judged(Script(resolve=lies, serve=served))
    assert not isinstance(outcome, Passed), outcome
