"""The guides at `/guide`: documents of `docs/guide`, and a page for each blocker and reason."""

import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from byoip.web.guide.markdown import Section, page_of, sections_of
from byoip.web.letters import said
from byoip.web.rendering import page

_PACKAGE: Final = Path(__file__).parents[2]
_FIRST: Final = "README"
_HERE: Final = f"{_FIRST}.md"
_BLOCKERS: Final = "blockers"
# Documents of blockers, in the order in which customers meet them.
_GROUPS: Final = (
    "space",
    "ownership",
    "reverse-dns",
    "route-objects",
    "roas",
    "as-numbers",
    "announcing",
)
_ERRORS: Final = "../errors.md"
# Documents that stand beside the folder of guides, and are shown with them.
BESIDE: Final = ("command-line", "concepts", "events", "notifications", "runbook")
# By the key of a registry: the guide that says where things are done there.
AT_REGISTRY: Final[Mapping[str, str]] = {
    "afrinic": "/guide/afrinic",
    "apnic": "/guide/apnic",
    "arin": "/guide/arin",
    "lacnic": "/guide/lacnic",
    "ripencc": "/guide/ripe",
}


@dataclass(frozen=True, slots=True)
class Named:
    """A blocker or a reason, as the code explains it.

    Attributes:
        means: in a sentence or two.
        remedy: what the API answers as remedy, where it is a refusal as well; else empty.
    """

    name: str
    means: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Guides:
    """All pages below `/guide`. Each is made when it is first asked for, and then kept.

    Attributes:
        names: all blockers and reasons that the API may show, in the order to list them.
    """

    names: Sequence[Named]
    _made: dict[str, Response] = field(default_factory=dict)

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """The pages; nobody needs to sign in."""
        return [
            Route("/guide", self._first),
            Route(f"/guide/{_BLOCKERS}", self._listed),
            Route(f"/guide/{_BLOCKERS}/{{name}}", self._explained),
            Route("/guide/{name}", self._document),
        ]

    async def _first(self, _: Request) -> Response:
        return self._kept("/guide", lambda: _shown(document(_FIRST), first=True))

    async def _document(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name == _FIRST or name not in documents():
            return _nothing()
        return self._kept(f"/guide/{name}", lambda: _shown(document(name)))

    async def _listed(self, _: Request) -> Response:
        about, groups = document(f"{_BLOCKERS}/{_FIRST}"), grouped()
        known = {one.name: one for one in self.names}
        return self._kept(
            f"/guide/{_BLOCKERS}",
            lambda: page("guide/blockers.html", about=about, groups=groups, known=known),
        )

    async def _explained(self, request: Request) -> Response:
        name = request.path_params["name"]
        found = next((one for one in self.names if one.name == name), None)
        if found is None or name not in sections():
            return _nothing()
        told = sections()[name]
        return self._kept(
            f"/guide/{_BLOCKERS}/{name}",
            lambda: page("guide/blocker.html", named=found, body=told.body),
        )

    def _kept(self, path: str, make: Callable[[], Response]) -> Response:
        if path not in self._made:
            self._made[path] = make()
        return self._made[path]


def _shown(told: Section, *, first: bool = False) -> Response:
    return page("guide/page.html", told=told, first=first)


def _nothing() -> Response:
    told = said("Not found", "There is no such guide.", back="/guide")
    return page("said.html", 404, **told)


@cache
def documents() -> frozenset[str]:
    """Names of the documents, but for those of blockers."""
    return frozenset({*BESIDE, *(one.stem for one in _folder().glob("*.md"))})


@cache
def document(name: str) -> Section:
    """One of them; also `blockers/README`."""
    file, own = _folder() / f"{name}.md", f"{name}.md"
    if name in BESIDE:
        own = f"../{own}"
        file = file if file.is_file() else _folder() / own  # in a working tree
    return page_of(file.read_text(encoding="utf-8"), partial(address, own))


@cache
def grouped() -> Mapping[str, Mapping[str, Section]]:
    """What to do about blockers and reasons: by title of their document, then by name."""
    found = {}
    for group in _GROUPS:
        own = f"{_BLOCKERS}/{group}"
        text = (_folder() / f"{own}.md").read_text(encoding="utf-8")
        told = sections_of(text, partial(address, f"{own}.md"))
        found[document(own).heading] = {one.heading: one for one in told}
    return found


@cache
def sections() -> Mapping[str, Section]:
    """All of them by name."""
    return {name: one for group in grouped().values() for name, one in group.items()}


def address(own: str, link: str) -> str | None:
    """Where on the site a link leads.

    Args:
        own: path of the document that it stands in, below `docs/guide`.
        link: as it stands there.
    """
    path, _, anchor = link.partition("#")
    target = posixpath.normpath(posixpath.join(posixpath.dirname(own), path)) if path else own
    folder, _, file = target.rpartition("/")
    name, mark = file.removesuffix(".md"), f"#{anchor}" if anchor else ""
    if target == _ERRORS:
        return f"/errors{mark}"
    if folder == ".." and name in BESIDE:
        return f"/guide/{name}{mark}"
    if folder == "../guide":  # as documents beside the guides name these
        return address(_HERE, f"{target.removeprefix('../guide/')}{mark}")
    if folder == _BLOCKERS:
        return f"/guide/{_BLOCKERS}/{anchor}" if anchor else f"/guide/{_BLOCKERS}"
    if folder or not file.endswith(".md"):
        return None
    return f"/guide{mark}" if name == _FIRST else f"/guide/{name}{mark}"


def _folder() -> Path:
    packaged = _PACKAGE / "_guide"
    return packaged if packaged.is_dir() else _PACKAGE.parents[1] / "docs" / "guide"
