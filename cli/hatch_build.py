"""Puts the package, which lies outside of this folder, into the wheel."""  # noqa: INP001 - hatchling looks here

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Sources(BuildHookInterface):  # type: ignore[type-arg]
    """Called by hatchling for each wheel; one of a working tree has no copy, which would age."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name what is put in, and where."""
        if version != "editable":
            build_data["force_include"] |= {
                "../src/byoip_cli": "byoip_cli",
                "../LICENSE": "byoip_cli/LICENSE",
            }
