"""GoBGP's calls with types, each with a deadline; what goes wrong is SpeakerUnanswered."""

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Callable,
    Iterable,
)
from contextlib import AbstractContextManager, aclosing
from functools import partial
from math import inf
from typing import Final, TypeVar

import grpc
import grpc.aio
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from byoip.adapters.gobgp import gobgp_pb2 as pb
from byoip.adapters.gobgp.faults import Unimplemented, translated
from byoip.adapters.gobgp.neighbours import neighbour_by
from byoip.adapters.gobgp.paths import Listed, listed_by, prefix_by
from byoip.adapters.gobgp.streams import Question, TooMany, listed, told
from byoip.adapters.gobgp.transport import Tls, open_channel, open_in_thread
from byoip.domain.errors import Refusal
from byoip.ports.speakers.speaker import Neighbour, SpeakerUnanswered
from byoip.ports.steady_clock import boottime

_Answer = TypeVar("_Answer", bound=Message)
_Read = TypeVar("_Read")

_BYTES_EACH: Final = 1024  # that a message may have, on average; GoBGP's have some 300
# Of messages that are kept as they are: in memory they may have fifty times as much.
_MOST_BYTES_KEPT: Final = 8 * 1024 * 1024
_SLOWEST: Final = 10_000  # messages a second that a listing is given time for; measured: 20,000
_SERVICE: Final = "/apipb.GobgpApi/"
_SERVICE_OF_4: Final = "/api.GoBgpService/"


class GobgpCalls:
    """One gobgpd; the connection is made with the first call, in the loop that calls."""

    def __init__(
        self, name: str, target: str, *, tls: Tls | None, deadline: float, most: int
    ) -> None:
        """Take `host:port`, seconds for a call, and how many messages an answer may have."""
        self._name = name
        self._target = target
        self._tls = tls
        self._deadline = deadline
        self._most = most
        self._open: grpc.aio.Channel | None = None

    async def get_bgp(self) -> pb.Global:
        """Its global settings.

        Raises:
            SpeakerUnanswered: it says so where a gobgpd of another major version answers.
        """
        try:
            answer = await self.one("GetBgp", pb.GetBgpRequest(), pb.GetBgpResponse)
        except Unimplemented as fault:
            raise await self._stranger() from fault
        return answer.bgp

    async def _stranger(self) -> SpeakerUnanswered:
        """What answers at the target, but is no gobgpd 3: GoBGP 4 has renamed its service."""
        try:
            await self.one("GetBgp", pb.GetBgpRequest(), pb.GetBgpResponse, _SERVICE_OF_4)
        except SpeakerUnanswered:
            return SpeakerUnanswered(f"{self._name}: what answers there is no gobgpd 3.x")
        return SpeakerUnanswered(f"{self._name}: this is GoBGP 4; byoip speaks to gobgpd 3.x only")

    async def list_peers(self, most: int) -> list[Neighbour]:
        """All its neighbours: one more than `most`, where it has more.

        Raises:
            SpeakerUnanswered: also where what stands for one's address or AS is none.
        """

        def read(answer: bytes) -> Neighbour:
            try:
                return neighbour_by(answer)
            except (Refusal, ValueError) as fault:
                said = f"lists an odd neighbour: {fault!s:.300}"
                raise SpeakerUnanswered(f"{self._name}: {said}") from fault

        return await self._few("ListPeer", pb.ListPeerRequest(), read, up_to=most + 1)

    async def enable_peer(self, address: str, until: float) -> None:
        """Lift the administrative shutdown of one neighbour."""
        if not address:
            raise ValueError("without an address GoBGP enables every neighbour")
        await self.change("EnablePeer", pb.EnablePeerRequest(address=address), until)

    async def disable_peer(self, address: str, until: float) -> None:
        """Shut one neighbour down administratively."""
        if not address:
            raise ValueError("without an address GoBGP disables every neighbour")
        asked = pb.DisablePeerRequest(address=address, communication="drained")
        await self.change("DisablePeer", asked, until)

    async def resend(self, address: str, until: float) -> None:
        """Send one neighbour all routes once more, by the export policies as they are now."""
        if not address:
            raise ValueError("without an address GoBGP sends to every neighbour")
        out = pb.ResetPeerRequest.OUT
        asked = pb.ResetPeerRequest(address=address, soft=True, direction=out)
        await self.change("ResetPeer", asked, until)

    async def list_paths(self, request: pb.ListPathRequest) -> list[Listed]:
        """Destinations of one table."""
        return await self._destinations(request, listed_by)

    async def list_prefixes(self, request: pb.ListPathRequest) -> list[str]:
        """Their prefixes alone, as it writes them."""
        return await self._destinations(request, prefix_by)

    async def _destinations(
        self, request: pb.ListPathRequest, parse: Callable[[bytes], _Read]
    ) -> list[_Read]:
        if request.prefixes:
            return await self._few("ListPath", request, parse)
        return await self._very_many("ListPath", request, parse)

    async def count(self, family: pb.Family) -> int:
        """How many destinations its own table has: as many as `list_paths` lists."""
        asked = pb.GetTableRequest(table_type=pb.GLOBAL, family=family)
        return (await self.one("GetTable", asked, pb.GetTableResponse)).num_destination

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
            self._open = open_channel(self._target, self._tls)
        return self._open

    def _seconds(self, until: float) -> float:
        left = until - boottime()
        if left <= 0:
            raise SpeakerUnanswered(f"{self._name}: it is too late to tell it anything")
        return left

    # Answers are parsed here: where gRPC cannot parse one it makes None of it, and goes on.

    async def change(self, method: str, request: Message, until: float) -> None:
        """Make a call that changes something, and is over by `until` (`boottime`)."""
        await self.one(method, request, Empty, seconds=self._seconds(until))

    async def one(
        self,
        method: str,
        request: Message,
        kind: type[_Answer],
        service: str = _SERVICE,
        seconds: float = inf,
    ) -> _Answer:
        """Make a call with one answer, within the deadline and so many seconds."""
        with self._faults(method):
            call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]
            call = self._channel().unary_unary(f"{service}{method}")
            timeout = min(self._deadline, seconds)
            answer = await call(request.SerializeToString(), timeout=timeout)
            return kind.FromString(answer)

    async def many(self, method: str, request: Message, kind: type[_Answer]) -> list[_Answer]:
        """Make a call with a stream of answers, all of which are kept: they are few and small."""
        most = min(self._most_bytes, _MOST_BYTES_KEPT)
        return await self._few(method, request, kind.FromString, most_bytes=most)

    async def _few(
        self,
        method: str,
        request: Message,
        parse: Callable[[bytes], _Read],
        up_to: int = 0,
        most_bytes: int | None = None,
    ) -> list[_Read]:
        """What is read of the first `up_to` answers, or of all.

        The deadline is for silence; a long answer has time in proportion to what it may be.
        """
        with self._faults(method):
            call: grpc.aio.UnaryStreamMultiCallable[bytes, bytes]
            call = self._channel().unary_stream(f"{_SERVICE}{method}")
            coming = call(request.SerializeToString(), timeout=self._longest)
            try:
                return await self._all(coming, parse, up_to, most_bytes or self._most_bytes)
            finally:
                coming.cancel()  # nothing to do where it has come to its end

    async def _all(
        self,
        coming: AsyncIterable[bytes],
        parse: Callable[[bytes], _Read],
        up_to: int,
        left: int,
    ) -> list[_Read]:
        answers: list[_Read] = []
        async with asyncio.timeout(self._deadline) as silence:
            async for answer in coming:
                left -= len(answer)
                if len(answers) == self._most or left < 0:
                    raise TooMany
                silence.reschedule(asyncio.get_running_loop().time() + self._deadline)
                answers.append(parse(answer))
                if len(answers) == up_to:
                    break
        return answers

    async def _very_many(
        self, method: str, request: Message, parse: Callable[[bytes], _Read]
    ) -> list[_Read]:
        """The same; quicker where the answers are thousands, and `parse` runs in a thread."""
        with self._faults(method):
            asked = self._question(method, request)
            return await listed(asked, parse, silent=self._deadline, last=self._longest)

    def _question(self, method: str, request: Message) -> Question:
        return Question(
            partial(open_in_thread, self._target, self._tls),
            f"{_SERVICE}{method}",
            request.SerializeToString(),
            self._most,
            self._most_bytes,
        )

    @property
    def _most_bytes(self) -> int:
        return self._most * _BYTES_EACH

    @property
    def _longest(self) -> float:
        return self._deadline + self._most / _SLOWEST

    async def events(
        self, method: str, request: Message, kind: type[_Answer]
    ) -> AsyncGenerator[_Answer, None]:
        """Make a call whose stream of answers has no end."""
        with self._faults(method):
            async with aclosing(told(self._question(method, request))) as messages:
                async for message in messages:
                    yield kind.FromString(message)
        raise SpeakerUnanswered(f"{self._name}: {method} has come to an end")

    def _faults(self, method: str) -> AbstractContextManager[None]:
        return translated(self._name, method, f"{self._most} messages, or {self._most_bytes} bytes")
