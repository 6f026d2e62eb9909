"""The RIPE database over its REST interface, with TLS."""

import asyncio
import re
import ssl
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlencode

import httpx
import msgspec

from byoip.adapters.bounded_get import bounded_get
from byoip.adapters.checks.whois_dialects import (
    NO_ENTRIES,
    NotAnAnswer,
    Objects,
    asked_about,
    error_codes,
    fault_of,
    object_class,
    sources_of,
)
from byoip.adapters.http_pieces import by_curves
from byoip.domain.checks.evidence import Fault, RawAnswer
from byoip.domain.checks.rpsl import parse_objects
from byoip.ports.checks.registry import (
    Found,
    Lookup,
    NoAnswer,
    NoEntries,
    RegistryAnswer,
    RegistryQuestion,
    RouteRegistry,
)
from byoip.ports.clock import Clock
from byoip.ports.threads import unless_short

MAX_BYTES: Final = 4 * 1024 * 1024  # the same objects are about four times as long in JSON

_RANGE: Final[Mapping[Lookup, tuple[str, ...]]] = {
    Lookup.EXACT_ROUTES: ("exact",),
    Lookup.MORE_SPECIFIC_ROUTES: ("all-more",),
    Lookup.COVERING_ROUTES: ("all-less",),
    Lookup.SMALLEST_HOLDER: (),  # without a flag: the exact one, else the smallest around it
    Lookup.AUT_NUM: (),
}


class _Attribute(msgspec.Struct):
    name: str
    value: str


class _Attributes(msgspec.Struct):
    attribute: list[_Attribute]


class _Described(msgspec.Struct):
    attributes: _Attributes


class _Objects(msgspec.Struct):
    object: list[_Described] = []


class _Message(msgspec.Struct):
    severity: str
    text: str


class _Messages(msgspec.Struct):
    errormessage: list[_Message] = []


class _Answer(msgspec.Struct):
    """What we read of an answer. All else is skipped, not built, quickly: see rest_objects."""

    objects: _Objects = msgspec.field(default_factory=_Objects)
    errormessages: _Messages = msgspec.field(default_factory=_Messages)


_NAME: Final = re.compile(r"\*?[A-Za-z][A-Za-z0-9_-]*", re.ASCII)


class RipeRest:
    """Asks the REST search of a RIPE-style registry, over TLS.

    Each attribute of an object comes as name and value. Without `unformatted` the server joins
    the physical lines of a value and moves its comments elsewhere; with it, the value is as it
    was registered, line breaks and comments included, so that it reads as RPSL again
    (FormattedServerAttributeMapper and DirtyServerAttributeMapper of RIPE's whois). "Nothing
    found" is status 404 with message 101: a 404 alone may come from anywhere.
    """

    def __init__(self, clock: Clock, *, deadline: float, max_bytes: int = MAX_BYTES) -> None:
        """Take limits: `deadline` in seconds for the whole question, the answer in bytes."""
        self._clock = clock
        self._deadline = deadline
        self._max_bytes = max_bytes
        self._tls = by_curves(ssl.create_default_context())

    async def look_up(self, question: RegistryQuestion) -> RegistryAnswer:
        """Ask once; whatever the other side does becomes a NoAnswer, never an exception."""
        url = _url(question)
        body = bytearray()
        objects: Objects = ()
        trouble = None
        try:
            async with asyncio.timeout(self._deadline):
                answer = await bounded_get(
                    url, body, accept="application/json", tls=self._tls, max_bytes=self._max_bytes
                )
            status = answer.status_code
            objects = await unless_short(
                question.account_id, len(body), rest_objects, status, bytes(body), question
            )
        except NotAnAnswer as odd:
            trouble = odd
        except TimeoutError:
            detail = f"no complete answer in {self._deadline:g} s"
            trouble = NotAnAnswer(Fault.TIMEOUT, detail)
        exhibit = RawAnswer(
            asked=f"GET {url}", of=url.netloc.decode(), answer=bytes(body), at=self._clock.now()
        )
        if trouble:
            return NoAnswer(trouble.fault, trouble.detail, exhibit)
        return Found(objects, exhibit) if objects else NoEntries(exhibit)


class PreferTls:
    """Asks over TLS where the registry offers it, else in plain text.

    Never both: were plain text the way out when TLS fails, who can break TLS could choose it.
    """

    def __init__(self, *, over_tls: RouteRegistry, in_plain_text: RouteRegistry) -> None:
        self._over_tls = over_tls
        self._in_plain_text = in_plain_text

    async def look_up(self, question: RegistryQuestion) -> RegistryAnswer:
        """Ask once, the way the registry's entry says."""
        by_rest = question.registry.rest_url is not None
        chosen = self._over_tls if by_rest else self._in_plain_text
        return await chosen.look_up(question)


def _url(question: RegistryQuestion) -> httpx.URL:
    base = question.registry.rest_url
    if base is None:
        raise ValueError(f"registry {question.registry.key} has no REST URL")
    flags = ("no-referenced", "no-filtering", "no-grouping", *_RANGE[question.lookup])
    parameters = [
        *(("source", source) for source in sources_of(question)),
        ("type-filter", object_class(question.lookup, question.prefix)),
        *(("flags", flag) for flag in flags),
        ("unformatted", "true"),
        ("query-string", str(asked_about(question))),
    ]
    # `/` and `:` may stand in a query (RFC 3986, section 3.4); the evidence reads better so.
    return httpx.URL(f"{base.rstrip('/')}/search.json?{urlencode(parameters, safe='/:')}")


def rest_objects(status: int, body: bytes, question: RegistryQuestion) -> Objects:
    """The objects; none where the registry says so. Raises NotAnAnswer for everything else.

    A second for 4 MB, in a thread of its own: so no step may keep the interpreter to itself, as
    building all that JSON can hold does.
    """
    if status == httpx.codes.TOO_MANY_REQUESTS:
        raise NotAnAnswer(Fault.REFUSED, f"the registry answered 429: {body[:200]!r}")
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise NotAnAnswer(Fault.SERVER_FAILURE, f"the registry answered {status}")
    try:
        answer = msgspec.json.decode(body, type=_Answer)
        errors = list(_errors(answer))
        text = "\n".join(_rpsl(answer))
    except (ValueError, msgspec.DecodeError, RecursionError) as fault:
        detail = f"status {status}, and not the JSON of a registry: {fault}"
        raise NotAnAnswer(Fault.GARBAGE, detail) from fault
    codes = error_codes("\n".join(errors))
    for code, message in codes:
        if code != NO_ENTRIES:
            raise fault_of(code, message)
    if status == httpx.codes.NOT_FOUND and codes and not text:
        return ()
    if status != httpx.codes.OK or errors or not text:
        raise NotAnAnswer(Fault.SERVER_FAILURE, f"status {status}, errors {errors!r:.200}")
    return _objects(text, question)


def _errors(answer: _Answer) -> Iterator[str]:
    for message in answer.errormessages.errormessage:
        if message.severity not in {"Warning", "Info"}:
            yield message.text


def _rpsl(answer: _Answer) -> Iterator[str]:
    """Every object as the RPSL text it was made from."""
    for described in answer.objects.object:
        yield "".join(_attribute(one.name, one.value) for one in described.attributes.attribute)


def _attribute(name: str, value: str) -> str:
    lines = value.rstrip("\r\n").split("\n")
    # A line without a mark in front would be an attribute that the registry never showed as one.
    if not _NAME.fullmatch(name) or any(line[:1] not in " \t+" or not line for line in lines[1:]):
        raise ValueError(f"not an attribute: {name!r:.60}")
    return f"{name}:{value.rstrip()}\n"


def _objects(text: str, question: RegistryQuestion) -> Objects:
    wanted = object_class(question.lookup, question.prefix)
    # Registries hold latin-1; what is beyond it cannot be part of anything we look for.
    objects = parse_objects(text.encode("latin-1", errors="replace"))
    if odd := next((one for one in objects if one.object_class != wanted), None):
        raise NotAnAnswer(Fault.GARBAGE, f"asked for {wanted}, got {odd.object_class[:60]!r}")
    return objects
