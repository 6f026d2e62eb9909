"""How the two kinds of whois server answer the queries that checks send.

Modelled on the sources of RIPE's whois (QueryMessages.java, ServedByHandler.java) and of IRRd 4
(query_parser.py, query_response.py). The same contract tests run against a real IRRd.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from byoip.sandbox.irr_objects import AddressRange, HeldObject, IrrObjects

_BANNER: Final = (
    "% This is the byoip sandbox, not a registry.\n% The objects are in RPSL format.\n\n"
)
_SERVED_BY: Final = "% This query was served by the byoip sandbox (loopback)\n\n\n"
_ROUTES: Final = {"route", "route6"}
_AUT_NUM: Final = "aut-num"


@dataclass(slots=True)
class _Search:
    """The flags of one RIPE-style line."""

    source: str = ""
    classes: set[str] = field(default_factory=set)
    scope: str = ""  # x: exact, M: inside, L: around or exact, empty: by address
    key: str = ""


class _UnrecognisedError(ValueError):
    """A flag that this kind of server does not have, or that lacks its argument."""


def _parse(query: str, *, plain: str) -> _Search:
    """Read a line of flags; `plain` are the flags without an argument that change nothing here."""
    search = _Search()
    words = iter(query.split())
    for word in words:
        flag = word.removeprefix("-") if word.startswith("-") else ""
        if not flag:
            search.key = word
        elif flag == "s":
            search.source = next(words, "").upper()
        elif flag == "T":
            search.classes = set(next(words, "").lower().split(","))
        elif flag in {"x", "M", "L"}:
            search.scope = flag
        elif flag not in plain:
            raise _UnrecognisedError(flag)
    return search


# --- RIPE ---------------------------------------------------------------------------------------


def answer_ripe(objects: IrrObjects, query: str) -> bytes:
    """One line, one answer: the server closes after it."""
    return (_BANNER + _ripe(objects, query) + _SERVED_BY).encode("latin-1")


def _ripe(objects: IrrObjects, query: str) -> str:
    try:
        search = _parse(query, plain="rBG")
        of_aut_num = search.classes == {_AUT_NUM}
        wanted = None if of_aut_num else AddressRange.parse(search.key)
    except _UnrecognisedError:
        return "%ERROR:111: invalid option supplied\n%\n% Use help query to see the options.\n\n"
    except ValueError:
        return "%ERROR:115: invalid search key\n%\n% Search key entered is not valid\n\n"
    scopes = {
        "x": objects.exact,
        "M": objects.inside,
        "L": objects.around,
        "": objects.smallest,
    }
    if wanted is None:
        found = objects.named(search.source, _AUT_NUM, search.key)
    else:
        look = scopes[search.scope]
        sources = search.source.split(",")
        found = [one for source in sources for one in look(source, search.classes, wanted)]
    if not found:
        nothing = f"% No entries found in source {search.source}."
        return f"%ERROR:101: no entries found\n%\n{nothing}\n\n"
    return "".join(f"{one.text}\n\n" for one in found)


# --- IRRd ---------------------------------------------------------------------------------------


class IrrdSession:
    """One connection to an IRRd: it ends after the first answer unless `!!` came before."""

    def __init__(self, objects: IrrObjects) -> None:
        self.over = False
        self._objects = objects
        self._source = ""
        self._many = False

    def answer(self, query: str) -> bytes:
        """The answer to one line; empty where there is none."""
        if query.upper() == "!Q":
            self.over = True
            return b""
        if query == "!!":
            self._many = True
            return b""
        self.over = not self._many
        return self._command(query[1:]) if query.startswith("!") else self._ripe_style(query)

    def _command(self, command: str) -> bytes:
        if command.startswith("s"):
            self._source = command[1:].upper()
            return b"C\n"
        if command.lower() in {"fno-rpki-filter", "fno-scope-filter"}:
            return _frame("Filtering is disabled for the rest of this connection.")
        if of_aut_num := re.fullmatch(r"maut-num,(AS[0-9]+)", command, re.IGNORECASE):
            held = self._objects.named(self._source, _AUT_NUM, of_aut_num[1])
            return _frame(_texts(held)) if held else b"D\n"
        matched = re.fullmatch(r"r([^,]+)(,[LM])?", command)
        if not matched:
            return f"F Unrecognised command: {command[:1]}\n".encode()
        try:
            wanted = AddressRange.parse(matched[1])
        except ValueError:
            return f"F Invalid input for route search: {matched[1]}\n".encode("latin-1")
        objects = self._objects
        searches = {None: objects.exact, ",M": objects.inside, ",L": objects.around}
        found = searches[matched[2]](self._source, _ROUTES, wanted)
        return _frame(_texts(found)) if found else b"D\n"

    def _ripe_style(self, query: str) -> bytes:
        try:
            search = _parse(query, plain="rF")
            wanted = AddressRange.parse(search.key)
        except _UnrecognisedError as odd:
            return f"%% ERROR: Unrecognised flag/search: {odd}\n\n\n".encode()
        except ValueError:
            return b"%  No entries found for the selected source(s).\n\n\n"
        routes = (search.classes or _ROUTES) & _ROUTES
        if search.scope == "x":
            found = self._objects.exact(search.source, routes, wanted)
        elif search.scope == "M":
            found = self._objects.inside(search.source, routes, wanted)
        elif search.scope == "L":
            found = self._objects.around(search.source, routes, wanted)
        else:
            found = self._objects.around(search.source, search.classes, wanted)
        if not found:
            return b"%  No entries found for the selected source(s).\n\n\n"
        return f"{_texts(found)}\n\n\n".encode("latin-1")


def _texts(found: list[HeldObject]) -> str:
    return "\n\n".join(one.text for one in found)


def _frame(text: str) -> bytes:
    data = f"{text}\n".encode("latin-1")
    return b"A%d\n%bC\n" % (len(data), data)
