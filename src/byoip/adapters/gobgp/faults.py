"""What goes wrong with a call to gobgpd, translated: it is SpeakerUnanswered, whatever it is."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import grpc
from google.protobuf.message import DecodeError

from byoip.adapters.gobgp.streams import TooMany
from byoip.ports.speakers.speaker import SpeakerUnanswered
from byoip.ports.supervising import asked_to_end


class CallRefused(SpeakerUnanswered):
    """It answered, with an error: asked again, it would say the same."""


class Unimplemented(CallRefused):
    """It does not know the call."""


_KINDS: Final[Mapping[grpc.StatusCode, type[SpeakerUnanswered]]] = {
    grpc.StatusCode.UNIMPLEMENTED: Unimplemented,
    grpc.StatusCode.UNAVAILABLE: SpeakerUnanswered,
    grpc.StatusCode.DEADLINE_EXCEEDED: SpeakerUnanswered,
    grpc.StatusCode.CANCELLED: SpeakerUnanswered,
    grpc.StatusCode.RESOURCE_EXHAUSTED: SpeakerUnanswered,
}


@contextmanager
def translated(speaker: str, method: str, most: str) -> Iterator[None]:
    """Raise SpeakerUnanswered for whatever goes wrong with a call that may answer with `most`."""
    try:
        yield
    except SpeakerUnanswered:
        raise
    except grpc.RpcError as fault:
        said = f"{fault.code()!s:.60}: {fault.details()}".removeprefix("StatusCode.")
        kind = _KINDS.get(fault.code(), CallRefused)
        raise kind(f"{speaker}: {method}: {said:.300}") from fault
    except TooMany as fault:
        raise SpeakerUnanswered(f"{speaker}: {method} answers with more than {most}") from fault
    except TimeoutError as fault:
        raise SpeakerUnanswered(f"{speaker}: {method}: no answer in time") from fault
    except DecodeError as fault:
        raise SpeakerUnanswered(f"{speaker}: {method}: {fault!s:.300}") from fault
    except asyncio.CancelledError as fault:
        if asked_to_end():
            raise
        raise SpeakerUnanswered(f"{speaker}: {method}: the call was ended") from fault
    # grpc.aio may fail itself: at a status that it does not know, by a KeyError.
    except Exception as fault:
        said = f"{type(fault).__name__}: {fault!s:.300}"
        raise SpeakerUnanswered(f"{speaker}: {method}: not understood: {said}") from fault
