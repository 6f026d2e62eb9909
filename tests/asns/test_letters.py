"""Time 4: a letter for a prefix whose origin is the customer's own number names what it rests on.

The registry's aut-num is the sandbox's whois over a socket, the database is Postgres.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import pytest

from byoip.domain.asns.own_asn import OwnAsn
from byoip.domain.claims.claim import Claim
from byoip.domain.letters.letter import Letter
from byoip.domain.watch.dispute import Side
from byoip.store.figures import fold_figures
from byoip.store.gauges import Gauges
from byoip.store.letters.letter_reader import LetterReader
from byoip.usecases.claims import prefixes
from byoip.usecases.letters.generate_letter import GenerateLetter
from tests.asns.disputes import decide, first, rival
from tests.asns.numbers import CUSTOMER, Numbers, aspa
from tests.fakes.letters import FakePress, FakeSigner
from tests.fakes.tokens import RandomHex
from tests.store.samples import BY
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR, LABEL, ORIGIN, WORKER

OWED = "byoip_letters_owed"


@dataclass
class Letters:
    """An approved prefix that wants a letter, and its number."""

    numbers: Numbers
    own: OwnAsn
    claim: Claim

    async def write(self) -> Letter | None:
        numbers = self.numbers
        parties = frozenset({"127.0.0.1:53"}), numbers.registries, numbers.overrides
        press = numbers.rules, numbers.clock, RandomHex(), FakePress(), FakeSigner()
        return await GenerateLetter(*press, "Example", "", *parties)(self.claim.id, by=WORKER)

    async def read(self, letter: Letter) -> Letter:
        return await LetterReader(self.numbers.engine).letter(letter.reference)


@pytest.fixture
async def letters(numbers: Numbers) -> Letters:
    own = await numbers.bring()
    numbers.aut_num(f"remarks: {LABEL}: {own.token}")
    async with numbers.registry_up():
        own = await numbers.validate_asn(own)
    assert own.proven
    submitting = Verb(numbers.rules, partial(prefixes.submit, terms=numbers.terms))
    view = await submitting(
        numbers.account_id,
        cidr=CIDR,
        asn=CUSTOMER.number,
        description="",
        delegate_loa_creation=True,
        by=BY,
    )
    claim: Claim = view.claim
    numbers.route(claim.prefix, origin=str(CUSTOMER))
    await numbers.snapshot()
    numbers.txt(claim.prefix, (await numbers.token(claim)).value)
    await numbers.validate(claim)
    return Letters(numbers, own, await numbers.now(claim))


async def test_it_names_the_number_its_proof_and_that_it_has_no_aspa(letters: Letters) -> None:
    letter = await letters.write()
    assert letter is not None
    facts = (await letters.read(letter)).facts
    assert facts == letter.facts
    assert facts.origin == CUSTOMER
    assert facts.own_origin is not None
    assert facts.own_origin.behind == ORIGIN
    assert facts.own_origin.proven_at == letters.own.proven_at
    said = str(facts.own_origin)
    assert "a single-use token stood in its aut-num object at RIPE NCC." in said
    assert "AS3320 has no ASPA: by the operator's policy it is announced without one." in said
    assert letters.own.token not in said


async def test_it_says_that_the_aspa_lists_the_operator_and_waits_while_it_does_not(
    letters: Letters,
) -> None:
    await letters.numbers.snapshot(aspa(3257))
    assert await letters.write() is None
    await letters.numbers.snapshot(key=False)  # no answer is no yes
    assert await letters.write() is None
    await letters.numbers.snapshot(aspa(3257, ORIGIN.number))
    letter = await letters.write()
    assert letter is not None
    assert letter.facts.own_origin is not None
    assert letter.facts.own_origin.aspa == "The ASPA of AS3320 lists AS64500."


async def test_none_is_written_without_the_proof_and_one_that_stands_is_under_review(
    letters: Letters,
) -> None:
    letter = await letters.write()
    assert letter is not None
    assert not (await letters.read(letter)).under_review
    await letters.numbers.revoke(letters.own)
    assert (await letters.read(letter)).under_review
    assert await letters.write() is None


async def test_where_the_number_is_not_proven_there_is_no_first_letter(letters: Letters) -> None:
    await letters.numbers.revoke(letters.own)
    assert await letters.write() is None


async def test_the_operators_word_is_stated_without_its_reason(letters: Letters) -> None:
    await letters.numbers.revoke(letters.own)
    await letters.numbers.approve(letters.own)
    letter = await letters.write()
    assert letter is not None
    said = str(letter.facts.own_origin)
    assert "the operator took it as proven." in said
    assert "4711" not in said


async def test_4_1_none_is_written_while_the_number_is_in_dispute_and_none_is_owed(
    letters: Letters, caplog: pytest.LogCaptureFixture
) -> None:
    numbers = letters.numbers

    async def owed() -> list[float]:
        await fold_figures(numbers.engine)
        read = await Gauges(numbers.engine).read()
        return [value for one in read if one.name == OWED for _, value in one.values]

    assert await owed() == [1]
    await rival(numbers)
    assert await letters.write() is None
    assert "there is a dispute about AS3320" in caplog.text
    assert await owed() == [0]
    own = await first(numbers)
    assert own.dispute is not None
    assert "no letter of agency" in own.dispute.means
    await decide(numbers, Side.HOLDER)
    assert await owed() == [1]
    written = await letters.write()
    assert written is not None
    assert await owed() == [0]


async def test_4_1_nor_is_one_renewed_that_stands(letters: Letters) -> None:
    numbers, written = letters.numbers, await letters.write()
    assert written is not None
    await rival(numbers)
    numbers.clock.advance(written.facts.valid_until - numbers.clock.now() - timedelta(days=1))
    await numbers.snapshot()
    assert await letters.write() is None
    await decide(numbers, Side.HOLDER)
    renewed = await letters.write()
    assert renewed is not None
    assert renewed.reference != written.reference
