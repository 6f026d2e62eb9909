"""The sandbox's control API, by which a customer's CI fills the small Internet on loopback."""

from collections.abc import Callable
from typing import Annotated, Literal, Protocol, TypeVar

from fastapi import Body, FastAPI, HTTPException, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from byoip.sandbox.name_server import NameServer
from byoip.sandbox.rdap_server import RdapFault, RdapServer
from byoip.sandbox.rdap_shapes import RdapRecord
from byoip.sandbox.whois_server import IrrFault, WhoisServer

_LARGEST_TEXT = 1024 * 1024
_T = TypeVar("_T")
Source = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,30}$")]


class VrpRow(BaseModel):
    """One VRP, in the words of rpki-client's JSON."""

    model_config = ConfigDict(extra="forbid", strict=True)

    prefix: str
    asn: int = Field(ge=0, le=2**32 - 1)
    maxLength: int = Field(ge=0, le=128)  # noqa: N815 - the name in the JSON
    ta: str = Field(pattern=r"^[a-z]{2,20}$")


class AspaRow(BaseModel):
    """One ASPA, in the words of rpki-client's JSON."""

    model_config = ConfigDict(extra="forbid", strict=True)

    customer_asid: int = Field(ge=1, le=2**32 - 1)
    providers: list[Annotated[int, Field(ge=0, le=2**32 - 1)]] = Field(max_length=1000)


class Network(BaseModel):
    """A network of registration data, and its holder: see `RdapRecord`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(default="", max_length=1000)
    kind: str = Field(default="org", max_length=20)
    handle: str = Field(default="", max_length=80)
    type: str = Field(default="", max_length=80)
    netname: str = Field(default="SANDBOX-NET", max_length=80)
    moved_to: str | None = None


class Number(BaseModel):
    """The holder of an AS number in registration data."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(max_length=1000)
    handle: str = Field(max_length=80)


class FaultRequest(BaseModel):
    """How a party of the sandbox is to misbehave."""

    model_config = ConfigDict(extra="forbid", strict=True)

    kind: str


class Roas(Protocol):
    """The sandbox's ROA data. Every call loads a snapshot before it returns."""

    @property
    def rows(self) -> list[VrpRow]:
        """The set as it was put."""
        ...

    async def put(self, rows: list[VrpRow]) -> None:
        """Replace the set. Raises ValueError for rows that cannot be loaded."""
        ...

    @property
    def aspas(self) -> list[AspaRow]:
        """The ASPAs as they were put."""
        ...

    async def put_aspas(self, rows: list[AspaRow]) -> None:
        """Replace the ASPAs."""
        ...

    async def set_fault(self, kind: str) -> None:
        """Misbehave. Raises ValueError for a kind that makes no sense here."""
        ...

    async def clear_fault(self) -> None:
        """Behave again."""
        ...


class Tokens(Protocol):
    """The ownership tokens of the service's own database."""

    async def expire(self, value: str) -> bool:
        """End the time of one that is in force, now; False: there is none of this value."""
        ...


def create_control(
    whois: WhoisServer, names: NameServer, roas: Roas, rdap: RdapServer, tokens: Tokens
) -> FastAPI:
    """The application; it must listen on loopback only."""
    app = FastAPI(title="byoip sandbox control", docs_url=None, redoc_url=None)
    _irr_routes(app, whois)
    _dns_routes(app, names)
    _rpki_routes(app, roas)
    _rdap_routes(app, rdap)
    _token_routes(app, tokens)
    _fault_routes(app, whois, names, roas, rdap)
    return app


def _irr_routes(app: FastAPI, whois: WhoisServer) -> None:
    @app.put("/irr/{source}")
    async def put_objects(source: Source, request: Request) -> dict[str, list[tuple[str, str]]]:
        text = b""
        async for chunk in request.stream():
            text += chunk
            if len(text) > _LARGEST_TEXT:
                raise HTTPException(413, f"more than {_LARGEST_TEXT} bytes")
        return {"objects": _or_422(lambda: whois.put(source.upper(), text))}

    @app.delete("/irr/{source}/blocks/{prefix:path}", status_code=204)
    async def delete_blocks(source: Source, prefix: str) -> Response:
        """Plant a missing inetnum: remove all address blocks around a prefix."""
        return _no_content(_or_422(lambda: whois.delete_blocks(source.upper(), prefix)))

    @app.delete("/irr/{source}/{object_class}/{key:path}", status_code=204)
    async def delete_object(source: Source, object_class: str, key: str) -> Response:
        return _no_content(whois.delete(source.upper(), object_class, key))

    @app.delete("/irr", status_code=204)
    async def delete_objects() -> Response:
        whois.clear()
        return Response(status_code=204)


def _dns_routes(app: FastAPI, names: NameServer) -> None:
    @app.put("/dns/txt/{owner_name}", status_code=204)
    async def put_txt(owner_name: str, values: Annotated[list[str], Body()]) -> Response:
        _or_422(lambda: names.put_txt(owner_name, values))
        return Response(status_code=204)

    @app.delete("/dns/txt/{owner_name}", status_code=204)
    async def delete_txt(owner_name: str) -> Response:
        return _no_content(_or_422(lambda: names.delete_txt(owner_name)))

    @app.put("/dns/cname/{owner_name}", status_code=204)
    async def put_alias(owner_name: str, target: Annotated[str, Body()]) -> Response:
        _or_422(lambda: names.put_alias(owner_name, target))
        return Response(status_code=204)

    @app.delete("/dns/cname/{owner_name}", status_code=204)
    async def delete_alias(owner_name: str) -> Response:
        return _no_content(_or_422(lambda: names.delete_alias(owner_name)))

    @app.put("/dns/bogus/{zone}", status_code=204)
    async def break_signatures(zone: str) -> Response:
        _or_422(lambda: names.break_signatures(zone))
        return Response(status_code=204)

    @app.delete("/dns/bogus/{zone}", status_code=204)
    async def mend_signatures(zone: str) -> Response:
        return _no_content(_or_422(lambda: names.mend_signatures(zone)))

    @app.delete("/dns", status_code=204)
    async def delete_names() -> Response:
        names.clear()
        return Response(status_code=204)


def _rpki_routes(app: FastAPI, roas: Roas) -> None:
    async def load(rows: list[VrpRow]) -> Response:
        try:
            await roas.put(rows)
        except ValueError as fault:
            raise HTTPException(422, str(fault)) from None
        return Response(status_code=204)

    @app.put("/rpki/vrps", status_code=204)
    async def put_vrps(rows: list[VrpRow]) -> Response:
        return await load(rows)

    @app.get("/rpki/vrps")
    async def get_vrps() -> list[VrpRow]:
        return roas.rows

    @app.delete("/rpki/vrps", status_code=204)
    async def delete_vrps() -> Response:
        return await load([])

    @app.put("/rpki/aspas", status_code=204)
    async def put_aspas(rows: list[AspaRow]) -> Response:
        await roas.put_aspas(rows)
        return Response(status_code=204)

    @app.get("/rpki/aspas")
    async def get_aspas() -> list[AspaRow]:
        return roas.aspas


def _rdap_routes(app: FastAPI, rdap: RdapServer) -> None:
    @app.put("/rdap/{registry}/{prefix:path}", status_code=204)
    async def put_network(registry: str, prefix: str, network: Network) -> Response:
        record = RdapRecord(prefix, **network.model_dump())
        _or_422(lambda: rdap.put(registry, record))
        return Response(status_code=204)

    @app.put("/rdap-numbers/{registry}/{asn}", status_code=204)
    async def put_number(
        registry: str, asn: Annotated[int, Path(ge=1, le=2**32 - 1)], number: Number
    ) -> Response:
        _or_422(lambda: rdap.put_number(registry, asn, name=number.name, handle=number.handle))
        return Response(status_code=204)

    @app.delete("/rdap/{registry}/{prefix:path}", status_code=204)
    async def delete_network(registry: str, prefix: str) -> Response:
        return _no_content(_or_422(lambda: rdap.delete(registry, prefix)))

    @app.delete("/rdap", status_code=204)
    async def delete_networks() -> Response:
        rdap.clear()
        return Response(status_code=204)


def _token_routes(app: FastAPI, tokens: Tokens) -> None:
    @app.post("/tokens/expire", status_code=204)
    async def expire_token(value: Annotated[str, Body()]) -> Response:
        return _no_content(await tokens.expire(value))


def _fault_routes(
    app: FastAPI, whois: WhoisServer, names: NameServer, roas: Roas, rdap: RdapServer
) -> None:
    @app.put("/faults/{party}", status_code=204)
    async def put_fault(
        party: Literal["irr", "dns", "rpki", "rdap"], fault: FaultRequest
    ) -> Response:
        try:
            if party == "irr":
                whois.fault = IrrFault(fault.kind)
            elif party == "dns":
                names.set_fault(fault.kind)
            elif party == "rdap":
                rdap.fault = RdapFault(fault.kind)
            else:
                await roas.set_fault(fault.kind)
        except ValueError as unknown:
            raise HTTPException(422, str(unknown)) from None
        return Response(status_code=204)

    @app.delete("/faults", status_code=204)
    async def delete_faults() -> Response:
        whois.fault = None
        rdap.fault = None
        names.clear_fault()
        await roas.clear_fault()
        return Response(status_code=204)


def _or_422(attempt: Callable[[], _T]) -> _T:
    try:
        return attempt()
    except ValueError as fault:
        raise HTTPException(422, str(fault)) from None


def _no_content(found: object) -> Response:
    return Response(status_code=204 if found else 404)
