"""The public page of a letter, for people: its facts, and nothing else of the account."""

import html
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from byoip.domain.letters.letter import Letter, LetterStatus, RevokedBecause
from byoip.domain.letters.registrants import RegistrantWords
from byoip.domain.letters.witnesses import registry_name
from byoip.domain.rdap.network import quoted

_MEANING = {
    LetterStatus.VALID: "This letter holds.",
    LetterStatus.EXPIRED: "This letter has expired, and no newer one has taken its place.",
    LetterStatus.SUPERSEDED: "A newer letter for the same route has taken its place.",
    LetterStatus.REVOKED: "This letter no longer holds. Do not rely on it.",
}
_UNDER_REVIEW = (
    "Under review: what was proven for this letter is no longer so, and the operator looks into "
    "it. The letter has not been revoked, and the route stays as it is."
)
_BECAUSE = {
    RevokedBecause.REMOVED: "its owner has removed the prefix",
    RevokedBecause.OFFBOARDED: "its owner has the route withdrawn for good",
    RevokedBecause.OPERATOR: "the operator has revoked it",
    RevokedBecause.RPKI: "for 24 hours no ROA made the route valid",
}
_COLOURS = {LetterStatus.VALID: "#176f2c", LetterStatus.REVOKED: "#b3261e"}
_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:52em;margin:2em auto;padding:0 1em;color:#222}"
    "th,td{text-align:left;vertical-align:top;padding:.3em 1.2em .3em 0;"
    "border-bottom:1px solid #ddd}table{border-collapse:collapse}"
    "code{overflow-wrap:anywhere}h1 strong{text-transform:uppercase}"
)


def letter_html(letter: Letter, now: datetime) -> str:
    """The letter for people; needs nothing from elsewhere."""
    status, facts = letter.status(now), letter.facts
    colour = _COLOURS.get(status, "#8a5300")
    checks = "".join(
        f"<tr><td>{_text(one.how)}</td><td>{_text(one.seen)}</td><td>{_text(one.of)}</td>"
        f"<td>{_readable(one.at)}</td></tr>"
        for one in facts.checks
    )
    return _page(
        "Letter of Agency",
        f'<h1>Letter of Agency: <strong style="color:{colour}">{status.value}</strong></h1>'
        f"<p>{_fate(letter, status)}</p><table>{_rows(_statements(letter))}</table>"
        "<h2>What was checked</h2><table><tr><th>check</th><th>seen</th><th>asked of</th>"
        f"<th>when</th></tr>{checks}</table>"
        "<p>The document is the one this page speaks of if its SHA-256 is the one above.</p>",
    )


def no_letter_html(message: str) -> str:
    """The same page where there is no letter."""
    return _page("No such letter", f"<h1>No such letter</h1><p>{_text(message)}</p>")


_LONGEST_ACCEPT = 1000  # of a header; browsers send 150


def prefers_html(accept: Iterable[str]) -> bool:
    """Whether the sender is a browser; one without a preference is a machine.

    Args:
        accept: values of the Accept header (RFC 9110, section 12.5.1).
    """
    wanted: dict[str, float] = {}
    for one in ",".join(accept)[:_LONGEST_ACCEPT].split(","):
        kind, *parameters = (part.strip().lower() for part in one.split(";"))
        wanted[kind] = _weight(parameters)
    return _best(wanted, "text/html", "text/*") > _best(wanted, "application/json", "application/*")


def _best(wanted: Mapping[str, float], *kinds: str) -> float:
    return next((wanted[kind] for kind in (*kinds, "*/*") if kind in wanted), 0.0)


def _weight(parameters: Iterable[str]) -> float:
    for one in parameters:
        name, _, value = one.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def _statements(letter: Letter) -> Mapping[str, str]:
    facts = letter.facts
    roas = "<br>".join(
        f"{_text(str(one.prefix))}, maximum length /{one.max_length}, origin {_text(str(one.asn))},"
        f" trust anchor {_text(registry_name(one.anchor))}"
        for one in facts.roas
    )
    words = "<br>".join(map(_registrant, facts.registrants))
    registrants = {"The registry's words": words} if words else {}
    waived = {"Waived": "<br>".join(map(_text, facts.waivers))} if facts.waivers else {}
    return {
        "Reference": f"<code>{letter.reference}</code>",
        "Document, SHA-256": f"<code>{letter.sha256}</code>",
        "Operator": _text(
            f"{facts.operator}, {facts.contact}" if facts.contact else facts.operator
        ),
        "Prefix": f"<code>{_text(str(facts.prefix))}</code>",
        "Origin": _text(str(facts.origin)),
        "Holder": _text(str(facts.holder)),
        **registrants,
        "On behalf of": f"{_text(facts.account_name.value)} (name as given by the customer)",
        "Made valid by": roas or "no ROA",
        **waived,
        "Valid": f"from {_readable(facts.issued_at)} until {_readable(facts.valid_until)}",
    }


def _registrant(words: RegistrantWords) -> str:
    # The direction of a name is its own, and reorders nothing around it.
    name = _text(quoted(words.name))
    return _text(str(words)).replace(name, f"<bdi>{name}</bdi>")


def _rows(statements: Mapping[str, str]) -> str:
    return "".join(f"<tr><th>{name}</th><td>{said}</td></tr>" for name, said in statements.items())


def _fate(letter: Letter, status: LetterStatus) -> str:
    said = _MEANING[status]
    if letter.under_review and status is LetterStatus.VALID:
        said = _UNDER_REVIEW
    if letter.revoked_at is not None and letter.revoked_because is not None:
        because = _BECAUSE[letter.revoked_because]
        return f"{said} Revoked on {_readable(letter.revoked_at)}: {because}."
    if letter.superseded_by is not None:
        return f'{said} <a href="{letter.superseded_by}">See the newer letter.</a>'
    return said


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>"
    )


def _text(text: str) -> str:
    return html.escape(text)


def _readable(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
