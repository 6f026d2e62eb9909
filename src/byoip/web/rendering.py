"""Templates to answers: every text is escaped, and every answer says what a browser may do."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from byoip.web.static import addresses

# Nothing from another host, nothing inline, no eval, no frame around it.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    # With "no-referrer" browsers send "Origin: null" with forms, and we could not tell whose.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_PRIVATE: Final[Mapping[str, str]] = {"cache-control": "no-store", "x-robots-tag": "noindex"}


def page(
    template: str, status: int = 200, more: Mapping[str, str] | None = None, /, **shown: Any
) -> HTMLResponse:
    """A page that no cache keeps, as an answer.

    Args:
        template: its file below `templates`.
        status: of the answer.
        more: headers, or others in the place of ours.
        shown: what the template names; a name that is missing is a fault of ours.
    """
    return HTMLResponse(
        rendered(template, **shown), status, {**HEADERS, **_PRIVATE, **(more or {})}
    )


def rendered(template: str, **shown: Any) -> str:
    """The text of a page."""
    return _templates().get_template(template).render(**shown)


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("byoip.web"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"moment": moment, "code": with_code, "here": on_a_page}
    made.globals |= {"files": addresses(), "viewer": None}
    return made


def moment(at: datetime | None) -> str:
    """A time as people read it, to the second; of none a dash."""
    return "-" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


_CALLS: Final = (
    (re.compile(r"ask for (?:validation|it): POST \.\.\./validate"), "check again, below"),
    (re.compile(r": read it \(GET [^)]*\)"), ""),
    (re.compile(r" \((?:GET|POST|PATCH) [^)]*\)"), ""),
)


def on_a_page(message: str) -> str:
    """What a blocker says, without the calls of the API that a page has buttons for."""
    for call, button in _CALLS:
        message = call.sub(button, message)
    return message


def with_code(text: str) -> Markup:
    """A sentence of ours, in which `...` is code; all of it escaped."""
    parts = str(escape(text)).split("`")
    return Markup("").join(
        Markup(f"<code>{part}</code>" if place % 2 else part)  # noqa: S704 - escaped above
        for place, part in enumerate(parts)
    )
