"""The connection to a gobgpd: over TLS, or in plain text where only we can reach it."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import grpc
import grpc.aio
import grpc.experimental

# One destination or one neighbour a message: a few hundred bytes.
_MOST_BYTES: Final = 1024 * 1024
_OPTIONS: Final = (
    ("grpc.max_receive_message_length", _MOST_BYTES),
    # A proxy for HTTP in the environment is not meant for the router.
    ("grpc.enable_http_proxy", 0),
    # The first call after a restart of gobgpd shall find it, not wait minutes for another try.
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 100),
    # Connections belong to this channel alone: it is closed with them.
    ("grpc.use_local_subchannel_pool", 1),
)


class UnusableTls(Exception):  # noqa: N818 - a state of affairs
    """Files for TLS that cannot be read, or of which one is not for the other."""


@dataclass(frozen=True, slots=True)
class Tls:
    """Whom we believe, and who we are; all PEM.

    Attributes:
        ca: of the certificates that we believe; the target's name or address must stand in them.
        certificate, key: ours, for a gobgpd that asks for it (3.13 and newer).
    """

    ca: bytes
    certificate: bytes | None = None
    key: bytes | None = None

    @classmethod
    def read(cls, ca: Path, certificate: Path | None, key: Path | None) -> "Tls":
        """Read the files. They are checked here, for gRPC tries a bad one again without a word.

        Raises:
            UnusableTls: a file that cannot be read, or a key that is not for the certificate.
        """
        try:
            context = ssl.create_default_context(cafile=ca)
            if certificate and key:
                # An empty passphrase: OpenSSL would ask for one on the terminal.
                context.load_cert_chain(certificate, key, password="")
            return cls(
                ca.read_bytes(),
                certificate.read_bytes() if certificate else None,
                key.read_bytes() if key else None,
            )
        except OSError as fault:
            files = ", ".join(str(one) for one in (ca, certificate, key) if one)
            raise UnusableTls(f"{files}: {fault}") from fault


def open_channel(target: str, tls: Tls | None) -> grpc.aio.Channel:
    """The channel to `host:port`, or to `unix:///…`; it connects with the first call."""
    if tls is None:
        return grpc.aio.insecure_channel(target, options=_OPTIONS)
    return grpc.aio.secure_channel(target, _credentials(tls), options=_OPTIONS)


def open_in_thread(target: str, tls: Tls | None) -> grpc.Channel:
    """The same for one thread, which reads what comes itself."""
    options = (*_OPTIONS, (grpc.experimental.ChannelOptions.SingleThreadedUnaryStream, 1))
    if tls is None:
        return grpc.insecure_channel(target, options=options)
    return grpc.secure_channel(target, _credentials(tls), options=options)


def _credentials(tls: Tls) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(tls.ca, tls.key, tls.certificate)
