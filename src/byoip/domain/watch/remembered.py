"""A holder as it is kept with a watch: by statistics, and as registration data names it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from byoip.domain.rdap.network import Network, quoted
from byoip.domain.watch.holding import Holding, in_words, translated

# For so long files have to name the same holder still: RDAP names a buyer before a file does.
BORNE_OUT: Final = timedelta(days=3)
_PART: Final = 3  # registry, id, status


@dataclass(frozen=True, slots=True)
class Remembered:
    """A holder.

    Attributes:
        registrant: handle of the registrant that RDAP names; empty: not known.
        name: of this registrant, where the statistics name one holder and it is this one: by
            its type the registry itself gave the block. To be shown; nothing is compared with it.
        learnt_at: when RDAP named them, as text; empty: by a version that did not keep it.
    """

    holding: Holding = ()
    registrant: str = ""
    name: str = ""
    learnt_at: str = ""

    def kept(self) -> str:
        """As text; empty for none. What came later is where an older version passes over it."""
        more = [self.name, self.learnt_at] if self.name or self.learnt_at else []
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
        times = {one[4] for one in holding if len(one) > _PART + 1}
        return cls(parts, registrant, min(names, default=""), min(times, default=""))

    def named(self, network: Network | None) -> "Remembered":
        """The same, with the name that RDAP gives the holder, if it does."""
        if network is None or network.registrant is None or len(self.holding) != 1:
            return self
        # By a type that is not known the smallest block may be a lessee's, too.
        may_be_anothers = network.given_on or network.space is None
        return self if may_be_anothers else replace(self, name=network.registrant.name)

    def borne_out(self, at: datetime) -> "Remembered":
        """The same, by RDAP only where files bore that out before this moment."""
        late = self.learnt_at and datetime.fromisoformat(self.learnt_at) > at - BORNE_OUT
        return Remembered(self.holding) if late else self

    def rekeyed(self, registry: str, ids: Mapping[str, str]) -> "Remembered":
        """The same holder by a registry's new ids."""
        return replace(self, holding=translated(self.holding, registry, ids))

    def __str__(self) -> str:
        ids = in_words(self.holding)
        return f"{quoted(self.name)} ({ids})" if self.name else ids
