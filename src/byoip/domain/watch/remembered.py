"""A holder as it is kept with a watch: by statistics, and as registration data names it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from byoip.domain.rdap.network import Network, quoted
from byoip.domain.watch.holding import Holding, in_words, translated

_PART: Final = 3  # registry, id, status


@dataclass(frozen=True, slots=True)
class Remembered:
    """A holder.

    Attributes:
        registrant: handle of the registrant that RDAP names; empty: not known.
        name: of this registrant, where the statistics name one holder and it is this one: by
            its type the registry itself gave the block. To be shown; nothing is compared with it.
    """

    holding: Holding = ()
    registrant: str = ""
    name: str = ""

    def kept(self) -> str:
        """As text; empty for none. The name is where an older version passes over it."""
        more = [self.name] if self.name else []
        parts = [[*part, *more] for part in self.holding]
        return json.dumps([parts, self.registrant]) if parts else ""

    @classmethod
    def read(cls, kept: str) -> "Remembered":
        """What `kept` gave."""
        if not kept:
            return cls()
        holding, registrant = json.loads(kept)
        names = {one[3] for one in holding if len(one) > _PART}
        parts = tuple((one[0], one[1], one[2]) for one in holding)
        return cls(parts, registrant, min(names, default=""))

    def named(self, network: Network | None) -> "Remembered":
        """The same, with the name that RDAP gives the holder, if it does."""
        if network is None or network.registrant is None or len(self.holding) != 1:
            return self
        # By a type that is not known the smallest block may be a lessee's, too.
        may_be_anothers = network.given_on or network.space is None
        return self if may_be_anothers else replace(self, name=network.registrant.name)

    def rekeyed(self, registry: str, ids: Mapping[str, str]) -> "Remembered":
        """The same holder by a registry's new ids."""
        return replace(self, holding=translated(self.holding, registry, ids))

    def __str__(self) -> str:
        ids = in_words(self.holding)
        return f"{quoted(self.name)} ({ids})" if self.name else ids
