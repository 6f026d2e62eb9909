"""Which registry is responsible for a prefix, by what this operator knows at the moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from byoip.domain.checks.evidence import Failed, Unanswered
from byoip.domain.checks.registration import responsible_registry
from byoip.domain.checks.registry import Registry, Responsible
from byoip.domain.prefix import Prefix
from byoip.store.batches import Part
from byoip.store.checks.registration_snapshots import Registered
from byoip.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Responsibility:
    """The newest statistics about a prefix, and whom they make responsible."""

    registered: Registered
    registry: Responsible | Failed | Unanswered


@dataclass(frozen=True, slots=True)
class Registries:
    """The registries of the settings.

    Attributes:
        known: by key.
        overrides: ranges for which the settings name the registry; where the operator names one in
            the database for exactly the same range, that one counts.
        countries: keys by country, of national registries.
    """

    known: Mapping[str, Registry]
    overrides: Sequence[tuple[Prefix, str]] = ()
    countries: Mapping[str, str] = field(default_factory=dict)

    def about(self, tx: Transaction, prefix: Prefix) -> tuple[Part, Part]:
        """What `judge` goes by: two parts of a look."""
        return tx.registrations.asking(prefix), tx.registry_overrides.asking(prefix)

    def judge(
        self, prefix: Prefix, registered: Registered, added: Sequence[tuple[Prefix, str]]
    ) -> Responsibility:
        """Whom statistics and overrides make responsible."""
        allocations = None if registered.snapshot is None else registered.allocations
        overrides = list({**dict(self.overrides), **dict(added)}.items())
        found = responsible_registry(prefix, allocations, self.known, overrides, self.countries)
        return Responsibility(registered, found)
