"""The public page of a letter, for people: its facts, and nothing else of the account."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from markupsafe import Markup, escape
from starlette.responses import Response

from byoip.domain.asn import Asn
from byoip.domain.letters.letter import Letter, LetterStatus, RevokedBecause
from byoip.domain.letters.own_origin import OwnOrigin
from byoip.domain.letters.registrants import RegistrantWords
from byoip.domain.letters.witnesses import registry_name
from byoip.domain.rdap.network import quoted
from byoip.web.rendering import moment, page

_MEANING: Final = {
    LetterStatus.VALID: "This letter holds.",
    LetterStatus.EXPIRED: "This letter has expired, and no newer one has taken its place.",
    LetterStatus.SUPERSEDED: "A newer letter for the same route has taken its place.",
    LetterStatus.REVOKED: "This letter no longer holds. Do not rely on it.",
}
_UNDER_REVIEW: Final = (
    "Under review: what was proven for this letter is no longer so, and the operator looks into "
    "it. The letter has not been revoked, and the route stays as it is."
)
_BECAUSE: Final = {
    RevokedBecause.REMOVED: "its owner has removed the prefix",
    RevokedBecause.OFFBOARDED: "its owner has the route withdrawn for good",
    RevokedBecause.OPERATOR: "the operator has revoked it",
    RevokedBecause.RPKI: "for 24 hours no ROA made the route valid",
}
LETTER_TONES: Final = {LetterStatus.VALID: "good", LetterStatus.REVOKED: "bad"}
# What the page says may change at any moment, and only those who hold the reference should find it.
HEADERS: Final = {"vary": "accept", "referrer-policy": "no-referrer"}


def letter_page(letter: Letter, now: datetime) -> Response:
    """The letter for people; needs nothing from elsewhere, and of us its picture, if it has one."""
    picture = f"{letter.reference}/picture" if shown_to_all(letter, now) else ""
    return page("letter.html", 200, HEADERS, **letter_shown(letter, now), picture=picture)


def shown_to_all(letter: Letter, now: datetime) -> bool:
    """Whether its picture is: one that holds no longer would look as if it did, by itself."""
    return letter.status(now) is LetterStatus.VALID and not letter.of_another


def letter_shown(letter: Letter, now: datetime) -> Mapping[str, Any]:
    """What templates show of a letter, to whomever."""
    status = letter.status(now)
    return {
        "reference": str(letter.reference),
        "prefix": letter.facts.prefix,
        "origin": letter.facts.origin,
        "standing": status.value,
        "tone": LETTER_TONES.get(status, "wait"),
        "fate": _fate(letter, status),
        "newer": None if letter.revoked_at else letter.superseded_by,
        "statements": _statements(letter),
        "checks": letter.facts.checks,
    }


def no_letter_page(message: str) -> Response:
    """The same page where there is no letter."""
    return page("said.html", 404, HEADERS, **said("No such letter", message))


def said(
    title: str, message: str, *, remedy: str = "", name: str = "", back: str = ""
) -> Mapping[str, str]:
    """What `said.html` shows: one thing, and what to do about it."""
    return {"title": title, "message": message, "remedy": remedy, "name": name, "back": back}


def _statements(letter: Letter) -> Mapping[str, Sequence[str]]:
    facts = letter.facts
    roas = [
        f"{one.prefix}, maximum length /{one.max_length}, origin {one.asn}, trust anchor "
        f"{registry_name(one.anchor)}"
        for one in facts.roas
    ]
    by = f"{facts.operator}, {facts.contact}" if facts.contact else facts.operator
    words = [_registrant(one) for one in facts.registrants]
    return {
        "Reference": [_code(letter.reference)],
        "Document, SHA-256": [_code(letter.sha256)],
        "Operator": [by],
        "Prefix": [_code(facts.prefix)],
        "Origin": [str(facts.origin)],
        **_own(facts.origin, facts.own_origin),
        "Holder": [str(facts.holder)],
        **({"The registry's words": words} if words else {}),
        "On behalf of": [f"{facts.account_name.value} (name as given by the customer)"],
        "Made valid by": roas or ["no ROA"],
        **({"Waived": facts.waivers} if facts.waivers else {}),
        "Valid": [f"from {moment(facts.issued_at)} until {moment(facts.valid_until)}"],
    }


def _own(origin: Asn, own: OwnOrigin | None) -> Mapping[str, Sequence[str]]:
    if own is None:
        return {}
    return {"Path": [_code(f"{own.behind} {origin}")], "The origin is": [str(own)]}


def _registrant(words: RegistrantWords) -> Markup:
    # The direction of a name is its own, and reorders nothing around it.
    name = escape(quoted(words.name))
    return Markup(str(escape(str(words))).replace(name, f"<bdi>{name}</bdi>"))  # noqa: S704 - escaped


def _code(value: object) -> Markup:
    return Markup("<code>{}</code>").format(value)


def _fate(letter: Letter, status: LetterStatus) -> str:
    meaning = _MEANING[status]
    if letter.under_review and status is LetterStatus.VALID:
        meaning = _UNDER_REVIEW
    if letter.revoked_at is not None and letter.revoked_because is not None:
        because = _BECAUSE[letter.revoked_because]
        return f"{meaning} Revoked on {moment(letter.revoked_at)}: {because}."
    return meaning
