"""What a customer does at registries, as pages of a sandbox offer it; production has none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix


@dataclass(frozen=True, slots=True)
class Misbehaving:
    """A party of the sandbox.

    Attributes:
        key: by which it is named in `plant`.
        name: for people.
        kinds: how it can misbehave.
        planted: how it does at present; empty: it behaves.
    """

    key: str
    name: str
    kinds: Sequence[str]
    planted: str


class Portal(Protocol):
    """The portals of the small Internet's registries, and its faults."""

    @property
    def parties(self) -> Sequence[Misbehaving]:
        """Those that can misbehave."""
        ...

    @property
    def numbers(self) -> Mapping[Asn, str]:
        """Those that registries have given to holders, and the source of each."""
        ...

    async def put_txt(self, owners: Sequence[str], value: str) -> None:
        """Publish a value at each of these names below the reverse zones."""
        ...

    async def put_object(self, source: str, text: str) -> None:
        """Publish an object at the registry that has this source."""
        ...

    async def put_aut_num(self, asn: Asn, line: str) -> None:
        """Publish the object of a number, with this line, at the registry that has given it.

        Raises:
            ValueError: none of them has.
        """
        ...

    async def put_roa(self, prefix: Prefix, origin: Asn, anchor: str) -> None:
        """Publish a ROA, of this length alone, and have it loaded."""
        ...

    async def plant(self, kinds: Mapping[str, str]) -> None:
        """Have parties misbehave, by their keys; those not named, or with no kind, behave.

        Raises:
            ValueError: an unknown kind.
        """
        ...
