"""At start-up: does the configured resolver validate DNSSEC?"""

import dns.flags

from byoip.adapters.checks.dns_exchange import Answered, Server, ask_for, name_from, over_udp
from byoip.adapters.checks.dns_message import Kind

_SECONDS = 3.0


async def resolver_complaint(address: str, port: int) -> str | None:
    """Ask a resolver for the root's SOA, which is signed; None if it validates DNSSEC.

    One that does not would make every zone look unsigned, and a forged answer look like any other.
    """
    flags = dns.flags.RD | dns.flags.AD
    question = ask_for(name_from("."), Kind.SOA, flags=flags, payload=1232)
    reply = await over_udp(question, Server(address, port), seconds=_SECONDS)
    if not isinstance(reply, Answered):
        return f"did not answer: {reply.detail}"
    if not reply.message.flags & dns.flags.AD:
        return "does not validate DNSSEC (no AD bit on the signed root)"
    return None
