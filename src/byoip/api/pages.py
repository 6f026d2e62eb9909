"""What the API shows of itself to people: pages, which another package makes (`web`)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from starlette.responses import Response
from starlette.routing import BaseRoute

from byoip.domain.letters.letter import Letter


class Pages(Protocol):
    """The pages beside the API, and how a page of the API's own looks."""

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """The pages at `/`, and below `/guide` and `/ui`."""
        ...

    def errors(
        self,
        introduction: str,
        rows: Sequence[Mapping[str, str]],
        about_names: str,
        names: Sequence[Mapping[str, str]],
    ) -> Response:
        """Every error, blocker and reason, explained; the anchors are the names."""
        ...

    def letter(self, letter: Letter, now: datetime) -> Response:
        """A letter, for people."""
        ...

    def no_letter(self, message: str) -> Response:
        """That there is none."""
        ...
