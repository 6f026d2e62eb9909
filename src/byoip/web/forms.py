"""What a browser sends: a cookie; of a form each field once, a key, and what it was drawn from."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from secrets import token_hex
from typing import Final
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from starlette.requests import Request

from byoip.domain.accounts.credential import ExpiryRefused, Scope
from byoip.domain.foreign_text import storable
from byoip.domain.precondition import ANY_VERSION, Precondition
from byoip.web.site import NotServed

MOST_BYTES: Final = 64 * 1024
_MOST_FIELDS: Final = 30
_KIND: Final = "application/x-www-form-urlencoded"
_KEY: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_ID: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_VERSION: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
_SEEN: Final = 16  # characters
_DIGITS: Final = 9
_DAYS: Final[Mapping[str, timedelta | None]] = {
    "": None,
    **{str(days): timedelta(days=days) for days in (30, 90, 365)},
}


async def read_form(request: Request) -> Mapping[str, str]:
    """The fields of a form.

    Raises:
        NotServed: it is not a form, too large, or has a field twice.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _KIND:
        raise NotServed(415, "Not a form", "Pages take forms alone; programs use the API.")
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MOST_BYTES:
            raise NotServed(413, "Too large", "This form is too large, and nothing was done.")
    try:
        text = raw.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise NotServed(400, "Not a form", "This form cannot be read.") from None
    fields = {storable(name): storable(value) for name, value in pairs}
    if len(fields) < len(pairs):
        raise NotServed(400, "Not a form", "A field of this form is there twice.")
    return fields


def cookie_of(headers: Sequence[str], called: str) -> str:
    """The value of a cookie (RFC 6265, section 4.2.1), which is not quoted; empty: there is none.

    Others are not read: to unquote 60 kB of them, made for it, takes the event loop seven seconds.
    """
    for one in ";".join(headers).split(";"):
        name, _, value = one.strip(" \t").partition("=")
        if name == called:
            return value
    return ""


def fresh_key() -> str:
    """What makes a form count once, however often it is sent."""
    return token_hex(16)


def key_of(form: Mapping[str, str]) -> tuple[str, bytes]:
    """The form's key, and a digest of all that it says.

    Raises:
        NotServed: it has none that we gave out.
    """
    key = form.get("key", "")
    if not _KEY.fullmatch(key):
        raise NotServed(400, "Not our form", "This form is not one of ours: open its page again.")
    return key, sha256(urlencode(sorted(form.items())).encode()).digest()


def version_of(form: Mapping[str, str]) -> Precondition:
    """The version that the form was drawn from.

    One of what has no version says in `seen` what its page showed, and whoever acts compares that.

    Raises:
        NotServed: it is no number, or there is neither: no page of ours has such a form.
    """
    given = form.get("version")
    if given is None and "seen" in form:
        return ANY_VERSION
    if given is None or not _VERSION.fullmatch(given):
        raise NotServed(400, "Not our form", "This form is not one of ours: open its page again.")
    return Precondition(frozenset({int(given)}))


def seen_of(*facts: object) -> str:
    """A short name of just these facts, for a form's field `seen`."""
    return sha256(repr(facts).encode()).hexdigest()[:_SEEN]


def typed(form: Mapping[str, str], name: str) -> bool:
    """Whether it was typed what is meant."""
    return form.get("confirm", "").strip() == name


def number_in(text: str, digits: int = _DIGITS) -> int | None:
    """The number that a text is; None: it is none, or has more digits."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None


def number_of(form: Mapping[str, str], name: str) -> int:
    """A number in a field of a form.

    Raises:
        NotServed: it is none.
    """
    number = number_in(form.get(name, ""))
    if number is None:
        raise NotServed(400, "Not our form", "This form is not one of ours: open its page again.")
    return number


def lasts_of(form: Mapping[str, str]) -> timedelta | None:
    """How long a token is to hold, by its form; None: until it is revoked.

    Raises:
        ExpiryRefused: as no form offers it.
    """
    days = form.get("days", "-")
    if days not in _DAYS:
        raise ExpiryRefused
    return _DAYS[days]


def scopes_of(form: Mapping[str, str]) -> frozenset[Scope]:
    """What a token is to open, by its form; none of them: the usual."""
    return frozenset(one for one in Scope if form.get(f"may-{one.name.lower()}") == "yes")


def id_of(text: str) -> UUID:
    """An id in a path or a field.

    Raises:
        NotServed: there is nothing under such a name.
    """
    if not _ID.fullmatch(text):
        raise NotServed(404, "Not found", "There is nothing here under this name.")
    return UUID(text)
