"""A holder as it is kept with a watch: by statistics, and by the handle in registration data."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from byoip.domain.watch.holding import Holding, translated


@dataclass(frozen=True, slots=True)
class Remembered:
    """A holder.

    Attributes:
        registrant: handle of the registrant that RDAP names; empty: not known.
    """

    holding: Holding = ()
    registrant: str = ""

    def kept(self) -> str:
        """As text; empty for none."""
        return json.dumps([self.holding, self.registrant]) if self.holding else ""

    @classmethod
    def read(cls, kept: str) -> "Remembered":
        """What `kept` gave."""
        if not kept:
            return cls()
        holding, registrant = json.loads(kept)
        return cls(tuple((one[0], one[1], one[2]) for one in holding), registrant)

    def rekeyed(self, registry: str, ids: Mapping[str, str]) -> "Remembered":
        """The same holder by a registry's new ids."""
        return replace(self, holding=translated(self.holding, registry, ids))
