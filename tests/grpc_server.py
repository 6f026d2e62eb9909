"""A gRPC server on loopback that answers in a gobgpd's place."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import grpc
import grpc.aio

GOBGP: Final = "apipb.GobgpApi"


@asynccontextmanager
async def serving(
    handlers: Mapping[str, "grpc.RpcMethodHandler[bytes, bytes]"],
    service: str = GOBGP,
    credentials: grpc.ServerCredentials | None = None,
) -> AsyncIterator[str]:
    """Its target, as settings have it.

    Args:
        handlers: by method.
        service: with its package, as gRPC has it.
        credentials: of TLS; None: a plain connection.
    """
    server = grpc.aio.server()
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, dict(handlers))])
    port = (
        server.add_secure_port("127.0.0.1:0", credentials)
        if credentials
        else server.add_insecure_port("127.0.0.1:0")
    )
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)
