"""The body of an HTTP answer, as it comes; refused where reading costs more than its bytes."""

from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType
from typing import Final

import httpx

# Nothing is unpacked: codings may be nested, and three kilobytes become two gigabytes.
UNPACKED: Final[Mapping[str, str]] = MappingProxyType({"Accept-Encoding": "identity"})

# Each chunk costs the event loop as much as some kilobytes do, even one of a single byte.
_PIECES: Final = 2000
_BYTES_A_PIECE: Final = 256  # on average, beyond these


async def pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body's bytes; ask with the header `UNPACKED`.

    Raises:
        DecodingError: it is packed all the same.
        RemoteProtocolError: it comes in tiny chunks, or not as HTTP says.
    """
    coding = response.headers.get("content-encoding", "identity")
    if coding.strip().lower() != "identity":
        raise httpx.DecodingError(f"the answer is packed ({coding[:60]}), and was not to be")
    count = size = 0
    async for piece in response.aiter_raw():
        count, size = count + 1, size + len(piece)
        if count > _PIECES + size // _BYTES_A_PIECE:
            raise httpx.RemoteProtocolError(f"{size} bytes came in {count} chunks")
        yield piece
