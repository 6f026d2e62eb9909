"""Ask a registry's RDAP server whether an AS number and a proven prefix have one registrant."""

from collections.abc import Mapping
from dataclasses import dataclass

from byoip.domain.asns.own_asn import OwnAsn
from byoip.domain.asns.same_registrant import same_registrant
from byoip.domain.checks.registry import Registry
from byoip.domain.prefix import Prefix
from byoip.domain.rdap.network import quoted
from byoip.ports.checks.rdap import HolderQuestion, NumberQuestion, RegistrationData


@dataclass(frozen=True, slots=True)
class SameRegistrant:
    """The prefix by which a number is proven, what was seen, and what the server said of it."""

    prefix: Prefix
    seen: str
    answer: bytes


async def ask_registrant(
    data: RegistrationData, own: OwnAsn, registry: Registry, prefixes: Mapping[Prefix, str]
) -> SameRegistrant | None:
    """Ask about the number once, and about one prefix after the other; None: no proof.

    A server that does not answer is no reason against the number: a token proves it as well.

    Args:
        data: whom is asked.
        own: the number.
        registry: responsible for all of it.
        prefixes: proven, with the handle of the registrant that RDAP named before: of space that
            was sold a moment ago it names the buyer.
    """
    if registry.rdap_url is None or not prefixes:
        return None
    number = await data.look_up(NumberQuestion(registry, own.asn, own.account_id))
    if number.said.numbers is None:
        return None
    for prefix, handle in prefixes.items():
        question = HolderQuestion(registry, prefix, own.account_id, all_here=False)
        space = await data.look_up(question)
        named = same_registrant(number.said, space.said, prefix, registry.key)
        if named is not None and named.handle == handle:
            seen = (
                f"By RDAP {registry.key} has given {own.asn} and {prefix}, which this account has "
                f"proven, to the same registrant, {quoted(named.name)} ({named.handle})."
            )
            return SameRegistrant(
                prefix, seen, number.exhibit.answer + b"\n" + space.exhibit.answer
            )
    return None
