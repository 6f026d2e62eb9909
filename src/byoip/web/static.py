"""The style sheet and the scripts, under names that change with their bytes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

STATIC_PATH: Final = "/ui/static/{name}"
_OURS: Final = {"page.css": "text/css", "page.js": "text/javascript"}
_HTMX: Final = ("htmx.js", "htmx-sse.js")  # put in as the package is built, by hatch_build.py
_FOR_EVER: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file as it is served."""

    address: str
    content: bytes
    kind: str


@cache
def static_files() -> Mapping[str, StaticFile]:
    """All of them, by the names that templates use."""
    own, built = resources.files("byoip.web") / "static", distribution("byoip")
    htmx = {name: Path(str(built.locate_file(f"byoip/_htmx/{name}"))) for name in _HTMX}
    return {
        **{name: _file((own / name).read_bytes(), name, kind) for name, kind in _OURS.items()},
        **{name: _file(at.read_bytes(), name, "text/javascript") for name, at in htmx.items()},
    }


def addresses() -> Mapping[str, str]:
    """Where a browser finds each."""
    return {name: one.address for name, one in static_files().items()}


async def static_file(request: Request) -> Response:
    """Serve one; a name that was never given out is not found."""
    for one in static_files().values():
        if one.address == request.url.path:
            headers = {"cache-control": _FOR_EVER, "x-content-type-options": "nosniff"}
            return Response(one.content, media_type=one.kind, headers=headers)
    return Response("There is no such file.", 404, media_type="text/plain")


def _file(content: bytes, name: str, kind: str) -> StaticFile:
    stem, _, ending = name.rpartition(".")
    mark = hashlib.sha256(content).hexdigest()[:16]
    return StaticFile(f"/ui/static/{stem}.{mark}.{ending}", content, kind)
