"""Puts htmx, which the repository does not have, into the wheel.

It comes from the package `django-htmx` in the build's lock, of which nothing else is used.
"""

from importlib.metadata import distribution
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_FROM: Final = "django_htmx/static/django_htmx/"
_FILES: Final = {
    f"{_FROM}htmx-4.min.js": "htmx.js",
    f"{_FROM}ext/hx-sse-4.min.js": "htmx-sse.js",
}


class HtmxFiles(BuildHookInterface):  # type: ignore[type-arg]
    """Called by hatchling for each wheel; one of a working tree has the files, and no code."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files to be put in, and where."""
        source = distribution("django-htmx")
        put = {
            str(source.locate_file(name)): f"byoip/_htmx/{ours}" for name, ours in _FILES.items()
        }
        if version == "editable":
            build_data["force_include_editable"] = put
        else:
            build_data["force_include"] |= put
