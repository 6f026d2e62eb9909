"""Other places that look at what proves ownership: how each is, and of what they do not agree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from starlette.responses import Response

from byoip.domain.perspectives.kept import AskedPlace, KeptSighting
from byoip.domain.perspectives.place import Place
from byoip.domain.perspectives.quorum import End, allowed
from byoip.store.transaction import Transaction
from byoip.usecases.checks.perspectives import look_again
from byoip.web.forms import fresh_key, id_of, seen_of
from byoip.web.operator.network.places import PERSPECTIVES
from byoip.web.operator.noc import require_operator
from byoip.web.site import Site
from byoip.web.telling import Told, require_seen, told_of, tried
from byoip.web.visiting import PersonsVisit

_MOST: Final = 500  # sightings that are read
_SHOWN: Final = 20  # matters on the page, each with two forms
_DONE: Final[Mapping[str, str]] = {
    "asked": "A worker looks at it now, and asks the other places where it passes here. Below is "
    "what they say, once they have.",
    "settled": "It is no longer listed. History has what each place saw, with your name and the "
    "reason.",
}
_TONES: Final = {End.AGREES: "good", End.CONTRADICTS: "bad", End.SILENT: "wait"}


@dataclass(frozen=True, slots=True)
class Station:
    """A place as the page shows it.

    Attributes:
        place: where it stands; None: the settings of this process do not name it.
        asked: None: it was not asked yet.
    """

    name: str
    place: Place | None
    asked: AskedPlace | None

    @property
    def region(self) -> str:
        """By the settings, else as it was asked."""
        return self.place.region if self.place else self.asked.region if self.asked else ""

    @property
    def chip(self) -> tuple[str, str]:
        """How it is, as tone and word."""
        if self.asked is None:
            return "wait", "not asked yet"
        return ("bad", "silent") if self.asked.silent_since else ("good", "answers")


@dataclass(frozen=True, slots=True)
class Matter:
    """A prefix or an AS number about which not all places agree.

    Attributes:
        seen: names what each place saw, for a hidden field.
    """

    first: KeptSighting
    sightings: Sequence[tuple[str, KeptSighting]]
    seen: str

    @property
    def contradicted(self) -> bool:
        """Whether a place saw otherwise; else some are only silent."""
        return any(one.ended is End.CONTRADICTS for _, one in self.sightings)

    @property
    def since(self) -> datetime:
        """Since when one of them does not agree."""
        return min(one.since for _, one in self.sightings if one.ended is not End.AGREES)


async def listed(visit: PersonsVisit) -> Response:
    """Each place, and what not all of them agree about."""
    require_operator(visit)
    return await _page(visit, told_of(visit, _DONE))


async def ask_again(visit: PersonsVisit) -> Response:
    """Have a prefix looked at again, from here and from there."""
    require_operator(visit)
    about, reason = _about(visit), visit.form.get("reason", "")

    async def verb(tx: Transaction) -> None:
        await look_again.look_again(tx, about, reason=reason)

    work = visit.write(verb, lambda _: f"{PERSPECTIVES}?done=asked#about-{about.hex}")
    return await tried(visit, work, partial(_page, visit))


async def settle(visit: PersonsVisit) -> Response:
    """List no longer what was seen here."""
    require_operator(visit)
    about, reason = _about(visit), visit.form.get("reason", "")

    def require(rows: Sequence[Any]) -> None:
        require_seen(visit, *sorted((one.what, one.place, one.ended) for one in rows))

    async def verb(tx: Transaction) -> None:
        await look_again.settle(tx, about, reason=reason, require=require)

    work = visit.write(verb, lambda _: f"{PERSPECTIVES}?done=settled")
    return await tried(visit, work, partial(_page, visit))


async def _page(visit: PersonsVisit, told: Told) -> Response:
    elsewhere = visit.site.prove_asn.elsewhere
    many, matters = len(elsewhere.perspectives), await _matters(visit.site, visit.now)
    return await visit.page(
        "operator/network/perspectives.html",
        told.status,
        told=told,
        here=PERSPECTIVES,
        decide=elsewhere.decide,
        many=many,
        may_fail=allowed(many),
        stations=await _stations(visit.site),
        total=len(matters),
        matters=matters[:_SHOWN],
        key=fresh_key,
    )


async def _stations(site: Site) -> Sequence[Station]:
    told = {one.place.name: one.place for one in site.prove_asn.elsewhere.perspectives}
    asked = {one.place: one for one in await site.operator_reader.places.places()}
    names = sorted(told.keys() | asked.keys())
    return [Station(name, told.get(name), asked.get(name)) for name in names]


async def _matters(site: Site, now: datetime) -> Sequence[Matter]:
    found: dict[UUID, list[KeptSighting]] = {}
    for one in await site.operator_reader.places.apart(_MOST, now):
        found.setdefault(one.about, []).append(one)
    return [
        Matter(
            each[0],
            [(_TONES[one.ended], one) for one in each],
            seen_of(*sorted((one.what, one.place, one.ended.value) for one in each)),
        )
        for each in found.values()
    ]


def _about(visit: PersonsVisit) -> UUID:
    return id_of(visit.request.path_params["about"])
