"""A gRPC server in gobgpd's place that says what it is told, and else what a fresh gobgpd says."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

import grpc
import grpc.aio
from google.protobuf.message import Message

from byoip.adapters.gobgp import gobgp_pb2 as pb
from byoip.adapters.speakers.gobgp_speaker import GobgpSpeaker
from tests.grpc_server import serving

_Context: TypeAlias = "grpc.aio.ServicerContext[bytes, bytes]"
_Handler: TypeAlias = "grpc.RpcMethodHandler[bytes, bytes]"

_ONE = ("EnablePeer", "DisablePeer", "AddDefinedSet", "AddPolicy", "AddPolicyAssignment")
_ALONE = (*_ONE, "GetBgp", "GetTable", "DeletePolicyAssignment", "ResetPeer")
_LISTS = ("ListPeer", "ListDefinedSet", "ListPolicy", "ListPolicyAssignment")


@dataclass
class HostileGobgpd:
    """What it says.

    Attributes:
        answers: by method; ListPath answers so for IPv4 in its own table only.
        faults: by method: the words of the error that it answers with.
    """

    answers: dict[str, Sequence[bytes]] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)

    def says(self, method: str, *messages: Message) -> None:
        self.answers[method] = [message.SerializeToString() for message in messages]

    def lists(self, *destinations: pb.Destination) -> None:
        self.says("ListPath", *(pb.ListPathResponse(destination=one) for one in destinations))

    async def _said(self, method: str, context: _Context) -> Sequence[bytes]:
        if method in self.faults:
            await context.abort(grpc.StatusCode.UNKNOWN, self.faults[method])
        return self.answers.get(method, ())

    def _one(self, method: str) -> _Handler:
        async def answer(_: bytes, context: _Context) -> bytes:
            said = await self._said(method, context)
            return said[0] if said else b""

        return grpc.unary_unary_rpc_method_handler(answer)

    def _list(self, method: str) -> _Handler:
        async def answer(_: bytes, context: _Context) -> AsyncIterator[bytes]:
            for each in await self._said(method, context):
                yield each

        return grpc.unary_stream_rpc_method_handler(answer)

    async def _paths(self, request: bytes, context: _Context) -> AsyncIterator[bytes]:
        asked = pb.ListPathRequest.FromString(request)
        if asked.family.afi == pb.Family.AFI_IP and asked.table_type == pb.GLOBAL:
            for each in await self._said("ListPath", context):
                yield each

    async def _take(self, requests: AsyncIterator[bytes], _: _Context) -> bytes:
        async for _request in requests:
            pass
        return b""

    async def _watch(self, _: bytes, context: _Context) -> AsyncIterator[bytes]:
        yield b""
        for each in await self._said("WatchEvent", context):
            yield each
        await asyncio.Event().wait()

    @property
    def handlers(self) -> dict[str, _Handler]:
        return {
            **{name: self._one(name) for name in _ALONE},
            **{name: self._list(name) for name in _LISTS},
            "ListPath": grpc.unary_stream_rpc_method_handler(self._paths),
            "AddPathStream": grpc.stream_unary_rpc_method_handler(self._take),
            "WatchEvent": grpc.unary_stream_rpc_method_handler(self._watch),
        }


@asynccontextmanager
async def served(gobgpd: HostileGobgpd, name: str) -> AsyncIterator[GobgpSpeaker]:
    """The speaker that asks it."""
    if "GetBgp" not in gobgpd.answers:
        gobgpd.says("GetBgp", pb.GetBgpResponse(bgp=pb.Global(asn=64500)))
    async with serving(gobgpd.handlers) as target:
        speaker = GobgpSpeaker(name, target, deadline=30)
        yield speaker
        await speaker.close()
