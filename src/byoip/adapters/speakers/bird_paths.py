"""AS paths as BIRD shows them (RFC 4271, section 4.3; RFC 5065 for confederations)."""

import re
from typing import Final

from byoip.domain.asn import Asn
from byoip.domain.errors import Refusal

_CONFEDERATION: Final = re.compile(r"\([0-9 ]*\)|\(\{[0-9 ]*\}\)", re.ASCII)
_ORIGINS: Final = re.compile(r"(?:.*[ }])?(\d{1,10}|\{[0-9 ]+\})", re.ASCII)


class OddAnswer(Exception):  # noqa: N818 - translated where the question is asked
    """BIRD's answer is not one that the question may have."""


def origins_of(path: str) -> frozenset[Asn]:
    """The last AS of a path, or all of the set at its end; none: it is empty.

    Raises:
        OddAnswer: it is no path.
    """
    path = _CONFEDERATION.sub("", path).strip()
    if not path:
        return frozenset()
    found = _ORIGINS.fullmatch(path)
    if not found:
        raise OddAnswer(f"not an AS path: {path!r:.80}")
    return frozenset(asn_of(number) for number in found[1].strip("{}").split())


def next_to_origin(path: str) -> tuple[Asn | None, bool]:
    """The AS next to the origin, if it can be told; and whether the path is of the origin only."""
    words = _CONFEDERATION.sub("", path).split()
    if not words or not words[-1].isdigit():  # empty, or a set at its end
        return None, False
    others = [one for one in words if one != words[-1]]
    if not others:
        return None, True
    # Of a path as `64501 64500 64501` the last that is not the origin, too: it sent it on.
    return (asn_of(others[-1]), False) if others[-1].isdigit() else (None, False)


def asn_of(number: str) -> Asn:
    """A number as shown.

    Raises:
        OddAnswer: it is none.
    """
    try:
        return Asn(int(number))
    except (Refusal, ValueError) as fault:  # thousands of digits are no number for Python
        raise OddAnswer(f"not an AS number: {number:.80}") from fault
