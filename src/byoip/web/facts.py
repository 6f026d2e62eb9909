"""What a page showed when a form was drawn from it: so an old one says what has changed since.

Forms carry it in a field, which is a browser's own word: nothing is decided by it, and it is shown
as text alone, cut, beside names that are ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl, urlencode

from byoip.domain.foreign_text import shown
from byoip.store.claims.views import ClaimView
from byoip.web.prefixes import chip_of
from byoip.web.telling import Told
from byoip.web.visiting import PersonsVisit

FIELD: Final = "facts"
LONGEST: Final = 2000  # of the field: a longer one is none of ours
_LONGEST_FACT: Final = 60
GONE: Final = "not among these any more"

Facts: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Change:
    """One fact of a page that is another one by now."""

    name: str
    was: str
    now: str


def with_facts(visit: PersonsVisit, told: Told, facts: Facts) -> Mapping[str, Any]:
    """What templates need of them: the field for forms, and what has changed since an old one."""
    now = _cut(facts)
    return {"facts": urlencode(now), "changed": _since(visit, now) if told.stale else ()}


def changed_of(visit: PersonsVisit, told: Told, facts: Facts) -> Sequence[Change]:
    """The same of one of several things on a page; one that is there no more is gone."""
    if not told.stale:
        return ()
    now = {**dict.fromkeys(_known(visit), GONE), **_cut(facts)}
    return _since(visit, now)


def carried(facts: Facts) -> str:
    """The field alone, for one of several things on a page."""
    return urlencode(_cut(facts))


def facts_of(view: ClaimView) -> Facts:
    """A prefix, as its pages show it."""
    claim, route = view.claim, view.route
    return {
        "state": chip_of(view).said,
        "route objects": claim.irr.state.value,
        "ROAs": claim.rpki.state.value,
        "ownership": claim.ownership.state.value,
        "service": view.default_binding.value if view.default_binding else "none",
        "route": "none" if route is None else "announced" if route.advertised else "withdrawn",
        "lock": "locked" if route is not None and route.locked else "none",
        "description": claim.description.value,
    }


def _since(visit: PersonsVisit, now: Mapping[str, str]) -> Sequence[Change]:
    was = _known(visit)
    return [
        Change(name, _short(was[name]), value)
        for name, value in now.items()
        if name in was and was[name] != value
    ]


def _known(visit: PersonsVisit) -> Mapping[str, str]:
    text = visit.form.get(FIELD, "")
    return dict(parse_qsl(text, keep_blank_values=True)) if len(text) <= LONGEST else {}


def _cut(facts: Facts) -> Mapping[str, str]:
    return {name: _short(value) for name, value in facts.items()}


def _short(value: object) -> str:
    text = shown(value)
    return text if len(text) <= _LONGEST_FACT else f"{text[: _LONGEST_FACT - 3]}..."
