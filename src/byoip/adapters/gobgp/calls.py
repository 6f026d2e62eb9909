"""GoBGP's calls with types, each with a deadline; what goes wrong is SpeakerUnanswered."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from math import inf
from typing import Final, TypeVar

import grpc
import grpc.aio
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError, Message

from byoip.adapters.gobgp import gobgp_pb2 as pb
from byoip.ports.speakers.speaker import SpeakerUnanswered
from byoip.ports.steady_clock import boottime

_Answer = TypeVar("_Answer", bound=Message)

_SERVICE: Final = "/apipb.GobgpApi/"
# One destination or one neighbour a message: a few hundred bytes.
_MOST_BYTES: Final = 1024 * 1024
_OPTIONS: Final = (
    ("grpc.max_receive_message_length", _MOST_BYTES),
    # A proxy for HTTP in the environment is not meant for the router.
    ("grpc.enable_http_proxy", 0),
    # The first call after a restart of gobgpd shall find it, not wait minutes for another try.
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 250),
    # Connections belong to this channel alone: it is closed with them.
    ("grpc.use_local_subchannel_pool", 1),
)


class GobgpCalls:
    """One gobgpd; the connection is made with the first call, in the loop that calls."""

    def __init__(self, name: str, target: str, *, deadline: float, most: int) -> None:
        """Take `host:port`, seconds for a call, and how many messages an answer may have."""
        self._name = name
        self._target = target
        self._deadline = deadline
        self._most = most
        self._open: grpc.aio.Channel | None = None

    async def get_bgp(self) -> pb.Global:
        """Its global settings."""
        answer = await self._one("GetBgp", pb.GetBgpRequest(), pb.GetBgpResponse)
        return answer.bgp

    async def list_peers(self) -> list[pb.Peer]:
        """All its neighbours."""
        answers = await self._many("ListPeer", pb.ListPeerRequest(), pb.ListPeerResponse)
        return [answer.peer for answer in answers]

    async def enable_peer(self, address: str, until: float) -> None:
        """Lift the administrative shutdown of one neighbour."""
        if not address:
            raise ValueError("without an address GoBGP enables every neighbour")
        request = pb.EnablePeerRequest(address=address)
        await self._one("EnablePeer", request, Empty, self._seconds(until))

    async def list_paths(self, request: pb.ListPathRequest) -> list[pb.Destination]:
        """Destinations of one table."""
        answers = await self._many("ListPath", request, pb.ListPathResponse)
        return [answer.destination for answer in answers]

    async def add_paths(
        self, batches: Iterable[pb.AddPathStreamRequest], seconds: float, until: float
    ) -> None:
        """Add (or take away) paths, batch after batch; it answers when the last one is done.

        `seconds` come on top of the deadline; by `until` the call has ended all the same.
        """
        with self._faults("AddPathStream"):
            kind: grpc.aio.StreamUnaryMultiCallable[bytes, bytes]
            kind = self._channel().stream_unary(f"{_SERVICE}AddPathStream")
            call = kind(timeout=min(self._deadline + seconds, self._seconds(until)))
            try:
                for batch in batches:
                    message = batch.SerializeToString()
                    self._seconds(until)  # this process may have been frozen since
                    await call.write(message)
                await call.done_writing()
            except asyncio.InvalidStateError:
                pass  # the call has ended: its answer says why
            except SpeakerUnanswered:
                call.cancel()
                raise
            Empty.FromString(await call)

    async def close(self) -> None:
        """End the connection; the next call makes a new one."""
        if self._open is not None:
            channel, self._open = self._open, None
            await channel.close()

    def _channel(self) -> grpc.aio.Channel:
        if self._open is None:
            self._open = grpc.aio.insecure_channel(self._target, options=_OPTIONS)
        return self._open

    def _seconds(self, until: float) -> float:
        left = until - boottime()
        if left <= 0:
            raise SpeakerUnanswered(f"{self._name}: it is too late to tell it anything")
        return left

    # Answers are parsed here: where gRPC cannot parse one it makes None of it, and goes on.

    async def _one(
        self, method: str, request: Message, kind: type[_Answer], seconds: float = inf
    ) -> _Answer:
        with self._faults(method):
            call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]
            call = self._channel().unary_unary(f"{_SERVICE}{method}")
            timeout = min(self._deadline, seconds)
            answer = await call(request.SerializeToString(), timeout=timeout)
            return kind.FromString(answer)

    async def _many(self, method: str, request: Message, kind: type[_Answer]) -> list[_Answer]:
        answers: list[_Answer] = []
        with self._faults(method):
            call: grpc.aio.UnaryStreamMultiCallable[bytes, bytes]
            call = self._channel().unary_stream(f"{_SERVICE}{method}")
            coming = call(request.SerializeToString(), timeout=self._deadline)
            try:
                async for answer in coming:
                    if len(answers) == self._most:
                        raise SpeakerUnanswered(
                            f"{self._name}: {method} answers with more than {self._most} messages"
                        )
                    answers.append(kind.FromString(answer))
            finally:
                coming.cancel()  # nothing to do where it has come to its end
        return answers

    @contextmanager
    def _faults(self, method: str) -> Iterator[None]:
        try:
            yield
        except grpc.aio.AioRpcError as fault:
            said = f"{fault.code().name}: {fault.details()}"
            raise SpeakerUnanswered(f"{self._name}: {method}: {said:.300}") from fault
        except DecodeError as fault:
            raise SpeakerUnanswered(f"{self._name}: {method}: {fault!s:.300}") from fault
