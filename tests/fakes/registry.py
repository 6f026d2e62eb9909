"""The in-memory twin of the outside party `RouteRegistry`."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from byoip.domain.checks.evidence import Fault, RawAnswer
from byoip.domain.checks.rpsl import parse_objects
from byoip.ports.checks import registry
from byoip.sandbox.irr_objects import AddressRange, IrrObjects

_ROUTES = {4: {"route"}, 6: {"route6"}}
_HOLDERS = {4: {"inetnum"}, 6: {"inet6num"}}


@dataclass
class FakeRouteRegistry:
    """Every registry at once, by source. Set `fault` to get no answers; `asked` is what came."""

    fault: Fault | None = None
    faults: dict[str, Fault] = field(default_factory=dict)  # of what is asked about one prefix
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    asked: list[registry.RegistryQuestion] = field(default_factory=list)
    objects: IrrObjects = field(default_factory=IrrObjects)

    def put(self, source: str, text: str) -> None:
        self.objects.put(source, text.encode("latin-1"))

    async def look_up(self, question: registry.RegistryQuestion) -> registry.RegistryAnswer:
        self.asked.append(question)
        of = f"{question.registry.host}:{question.registry.port}"
        asked = f"{question.lookup} {question.prefix}"
        fault = self.faults.get(str(question.prefix), self.fault)
        if fault is not None:
            return registry.NoAnswer(
                fault, "the twin was told so", RawAnswer(asked, of, b"", self.now)
            )
        text = "\n\n".join(self._texts(question)).encode("latin-1")
        exhibit = RawAnswer(asked, of, text, self.now)
        return registry.Found(parse_objects(text), exhibit) if text else registry.NoEntries(exhibit)

    def _texts(self, question: registry.RegistryQuestion) -> list[str]:
        if question.lookup is registry.Lookup.AUT_NUM:
            named = self.objects.named(question.registry.source, "aut-num", str(question.asn))
            return [one.text for one in named]
        wanted, family = AddressRange.parse(str(question.prefix)), question.prefix.family
        searches = {
            registry.Lookup.EXACT_ROUTES: (self.objects.exact, _ROUTES[family]),
            registry.Lookup.MORE_SPECIFIC_ROUTES: (self.objects.inside, _ROUTES[family]),
            registry.Lookup.COVERING_ROUTES: (self.objects.around, _ROUTES[family]),
            registry.Lookup.SMALLEST_HOLDER: (self.objects.smallest, _HOLDERS[family]),
        }
        search, classes = searches[question.lookup]
        return [one.text for one in search(question.registry.source, classes, wanted)]
