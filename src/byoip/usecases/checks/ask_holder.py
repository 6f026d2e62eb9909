"""Ask the responsible registry whom it has given the space to. The answer decides nothing."""

from dataclasses import dataclass

from byoip.domain.checks.evidence import RawAnswer
from byoip.domain.checks.registries.national import NATIONAL
from byoip.domain.checks.registry import Basis, Responsible
from byoip.domain.prefix import Prefix
from byoip.domain.rdap.said import Said, lessee_hints
from byoip.ports.checks.rdap import HolderAnswer, HolderQuestion, RegistrationData
from byoip.store.checks.registration_snapshots import Registered
from byoip.usecases.checks.responsible import Responsibility
from byoip.usecases.checks.targets import CheckTarget

_NATIONAL_KEYS = frozenset(one.key for one in NATIONAL.values())


@dataclass(frozen=True, slots=True)
class HolderWords:
    """What was said, the smallest block first, and what that may mean."""

    exhibits: tuple[RawAnswer, ...] = ()
    hints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AskHolder:
    """Ask for the smallest network; then, where a holder's is around it, for that as well.

    Statistics name the holder of the whole allocation, RDAP whom it gave a part to.
    """

    data: RegistrationData

    async def __call__(self, subject: CheckTarget, found: Responsibility) -> HolderWords:
        """Nothing where the registry is not known, or has no RDAP URL in the settings."""
        responsible = found.registry
        if not isinstance(responsible, Responsible) or responsible.registry.rdap_url is None:
            return HolderWords()
        answers = [await self._ask(subject, responsible, subject.prefix)]
        around = allocation_around(answers[0].said, subject.prefix, found.registered)
        if around is not None:
            answers.append(await self._ask(subject, responsible, around))
        exhibits = tuple(one.exhibit for one in answers)
        return HolderWords(exhibits, lessee_hints([one.said for one in answers]))

    async def _ask(
        self, subject: CheckTarget, responsible: Responsible, prefix: Prefix
    ) -> HolderAnswer:
        all_here = (
            responsible.basis is Basis.STATISTICS
            and responsible.national is None
            and responsible.registry.key not in _NATIONAL_KEYS
        )
        question = HolderQuestion(responsible.registry, prefix, subject.account_id, all_here)
        return await self.data.look_up(question)


def allocation_around(said: Said, prefix: Prefix, registered: Registered) -> Prefix | None:
    """The range that statistics give to one holder, where the network is only a part of it."""
    if said.network is None:
        return None
    rows = [one.prefix for one in registered.allocations if one.prefix.covers(prefix)]
    widest = min(rows, key=lambda row: row.length, default=None)
    wider = widest is not None and widest.network.num_addresses > said.network.size
    return widest if wider else None
