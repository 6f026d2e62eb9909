"""Other places in the sandbox: what `byoip perspective` is told there may be another answer.

A place sees what the sandbox has, but for what is put for it: then that, and no value hides what
stands there. Its control calls are those of the sandbox, below `/places/{place}`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Body, FastAPI, HTTPException, Path, Request, Response
from pydantic import BaseModel

from byoip.sandbox.name_server import NameServer
from byoip.sandbox.whois_server import IrrFault, WhoisServer

_MOST_PLACES = 16
_LARGEST_TEXT = 64 * 1024
Name = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,30}$")]


@dataclass(frozen=True, slots=True)
class SandboxPlace:
    """What one place asks."""

    names: NameServer
    whois: WhoisServer


class Ports(BaseModel):
    """For the settings of the perspective there: on 127.0.0.1."""

    name_server_port: int
    whois_port: int


class PlaceFault(BaseModel):
    """How the parties misbehave, as seen from a place; None: they do not."""

    irr: IrrFault | None = None
    dns: str | None = None


class SandboxPlaces:
    """The places that were asked for, each on ports of its own."""

    def __init__(self, names: NameServer, whois: WhoisServer, addresses: Sequence[str]) -> None:
        self._beneath = SandboxPlace(names, whois)
        self._addresses = addresses
        self._known: dict[str, SandboxPlace] = {}

    async def place(self, name: str) -> SandboxPlace:
        """The place of this name, listening; made where there is none yet.

        Raises:
            ValueError: there are too many.
        """
        known = self._known.get(name)
        if known is None:
            if len(self._known) >= _MOST_PLACES:
                raise ValueError(f"more than {_MOST_PLACES} places")
            known = SandboxPlace(NameServer(self._beneath.names), WhoisServer(self._beneath.whois))
            self._known[name] = known
            await known.names.start(self._addresses)
            await known.whois.start()
        return known

    async def stop(self) -> None:
        """Stop listening."""
        for one in self._known.values():
            await one.names.stop()
            await one.whois.stop()


def add_place_routes(app: FastAPI, places: SandboxPlaces) -> None:
    """The control calls for places."""
    _record_routes(app, places)

    @app.put("/places/{place}")
    async def put_place(place: Name) -> Ports:
        here = await _at(places, place)
        return Ports(name_server_port=here.names.port, whois_port=here.whois.port)

    @app.put("/places/{place}/faults", status_code=204)
    async def put_place_fault(place: Name, fault: PlaceFault) -> Response:
        here = await _at(places, place)
        here.names.clear_fault()
        here.whois.fault = fault.irr
        try:
            if fault.dns is not None:
                here.names.set_fault(fault.dns)
        except ValueError as unknown:
            raise HTTPException(422, str(unknown)) from None
        return Response(status_code=204)

    @app.delete("/places/{place}", status_code=204)
    async def clear_place(place: Name) -> Response:
        """It sees again what the sandbox has."""
        here = await _at(places, place)
        here.names.clear()
        here.names.clear_fault()
        here.whois.clear()
        here.whois.fault = None
        return Response(status_code=204)


def _record_routes(app: FastAPI, places: SandboxPlaces) -> None:
    @app.put("/places/{place}/dns/txt/{owner_name}", status_code=204)
    async def put_place_txt(
        place: Name, owner_name: str, values: Annotated[list[str], Body()]
    ) -> Response:
        here = await _at(places, place)
        try:
            here.names.put_txt(owner_name, values)
        except ValueError as fault:
            raise HTTPException(422, str(fault)) from None
        return Response(status_code=204)

    @app.put("/places/{place}/irr/{source}")
    async def put_place_objects(
        place: Name, source: str, request: Request
    ) -> dict[str, list[tuple[str, str]]]:
        here, text = await _at(places, place), b""
        async for chunk in request.stream():
            text += chunk
            if len(text) > _LARGEST_TEXT:
                raise HTTPException(413, f"more than {_LARGEST_TEXT} bytes")
        try:
            return {"objects": here.whois.put(source.upper(), text)}
        except ValueError as fault:
            raise HTTPException(422, str(fault)) from None


async def _at(places: SandboxPlaces, name: str) -> SandboxPlace:
    try:
        return await places.place(name)
    except ValueError as fault:
        raise HTTPException(422, str(fault)) from None
