"""Routes 4.3: how workers reach a speaker's API, and what they say where they may not or cannot."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import grpc.aio
import pytest

from byoip.adapters.gobgp import gobgp_pb2 as pb
from byoip.adapters.gobgp.transport import Tls
from byoip.adapters.speakers.gobgp_speaker import GobgpSpeaker
from byoip.composition.connecting import tls_of
from byoip.composition.external_services import external_services
from byoip.composition.process import Composition
from byoip.composition.speaking import reconciler_of, watcher_of
from byoip.domain.asn import Asn
from byoip.ports.speakers.speaker import SpeakerUnanswered
from byoip.settings.loader import read_settings
from byoip.settings.names import SettingsError
from tests.grpc_server import serving
from tests.real.gobgpd import gobgpd
from tests.real.parts import Part, require
from tests.routes.tls_files import Authority

OWN_AS = Asn(64500)
HERE = "127.0.0.1"
REMOTE = "10.0.0.1:50051"


def speaker_file(tmp_path: Path, **keys: str | bool) -> Mapping[str, str]:
    """An environment that names a file with one speaker."""
    lines = [
        f"{key} = {value if isinstance(value, str) else 'true'}" for key, value in keys.items()
    ]
    path = tmp_path / "byoip.toml"
    path.write_text('[[speakers]]\nname = "ams1"\n' + "\n".join(lines))
    return {"BYOIP_CONFIG": str(path)}


@pytest.mark.parametrize(
    "keys",
    [
        {"address": '"127.0.0.1:50051"'},
        {"address": '"[::1]:50051"'},
        {"address": '"localhost:50051"'},
        {"address": '"unix:///run/gobgp/api.sock"'},
        {"address": f'"{REMOTE}"', "plaintext": True},
        {"address": f'"{REMOTE}"', "tls_ca": '"ca.pem"'},
        {
            "address": '"gobgp.example:1"',
            "tls_ca": '"a"',
            "tls_certificate": '"b"',
            "tls_key": '"c"',
        },
    ],
)
def test_these_ways_to_a_speaker_are_taken(tmp_path: Path, keys: dict[str, str | bool]) -> None:
    (speaker,) = read_settings(speaker_file(tmp_path, **keys)).speakers
    assert speaker.address == str(keys["address"]).strip('"')


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"address": f'"{REMOTE}"'}, "not on this machine.*tls_ca.*plaintext = true"),
        ({"address": '"gobgp.example:50051"'}, "not on this machine"),
        ({"address": '"unix://api.sock"'}, "not a socket"),
        ({"address": f'"unix:///{"x" * 110}"'}, "not a socket"),
        ({"address": f'"{REMOTE}"', "tls_ca": '"a"', "plaintext": True}, "neither plaintext"),
        ({"address": '"unix:///run/api.sock"', "tls_ca": '"a"'}, "nor a socket"),
        ({"address": f'"{REMOTE}"', "tls_ca": '"a"', "tls_key": '"c"'}, "need each other"),
        (
            {"address": '"127.0.0.1:1"', "tls_certificate": '"b"', "tls_key": '"c"'},
            "needs tls_ca",
        ),
    ],
)
def test_other_ways_are_refused_in_a_sentence(
    tmp_path: Path, keys: dict[str, str | bool], why: str
) -> None:
    with pytest.raises(SettingsError, match=why):
        read_settings(speaker_file(tmp_path, **keys))


def test_addresses_beyond_this_machine_need_the_file() -> None:
    with pytest.raises(SettingsError, match="not on this machine"):
        read_settings({"BYOIP_SPEAKERS": REMOTE})


def test_files_that_do_not_fit_are_refused_at_the_start(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "authority")
    one, two = authority.issue("one"), authority.issue("two")

    def read(ca: Path, certificate: Path, key: Path) -> None:
        paths = {"tls_ca": ca, "tls_certificate": certificate, "tls_key": key}
        quoted: dict[str, str | bool] = {name: f'"{path}"' for name, path in paths.items()}
        tls_of(read_settings(speaker_file(tmp_path, address=f'"{REMOTE}"', **quoted)))

    read(authority.ca, one.certificate, one.key)
    for wrong in (
        (tmp_path / "none.pem", one.certificate, one.key),
        (authority.ca, one.certificate, two.key),
        (one.key, one.certificate, one.key),
    ):
        with pytest.raises(SettingsError, match="Speaker ams1"):
            read(*wrong)


@pytest.mark.real
async def test_gobgpd_is_spoken_to_over_tls(tmp_path: Path) -> None:
    require(Part.GOBGP)
    authority, other = Authority(tmp_path, "authority"), Authority(tmp_path, "other")
    own = authority.issue("gobgpd", "127.0.0.61")
    options = ("--tls", "--tls-cert-file", own.certificate, "--tls-key-file", own.key)
    with gobgpd(address="127.0.0.61", asn=OWN_AS.number, options=options) as daemon:

        async def ask(tls: Tls | None) -> Asn:
            speaker = GobgpSpeaker("one", daemon.target, tls=tls, deadline=30)
            try:
                return await speaker.local_as()
            finally:
                await speaker.close()

        assert await ask(Tls.read(authority.ca, None, None)) == OWN_AS
        with pytest.raises(SpeakerUnanswered, match=r"(?i)certificate"):
            await ask(Tls.read(other.ca, None, None))
        with pytest.raises(SpeakerUnanswered):
            await ask(None)


async def test_reconciler_and_watcher_speak_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "authority")
    own = authority.issue("gobgpd", HERE)
    pair = (own.key.read_bytes(), own.certificate.read_bytes())
    async with server("apipb.GobgpApi", grpc.ssl_server_credentials([pair])) as target:
        keys: dict[str, str | bool] = {"address": f'"{target}"', "tls_ca": f'"{authority.ca}"'}
        settings = read_settings(speaker_file(tmp_path, **keys))
        url = "postgresql://byoip@127.0.0.1:9/byoip"
        composition = Composition(settings, url, "production", external_services(settings))
        async with reconciler_of(composition) as reconciler:
            assert reconciler
            assert await reconciler.connect(reconciler.proposal[0]).local_as() == OWN_AS
        async with watcher_of(composition, lambda: 0) as watcher:
            assert watcher
            assert await watcher.connect(watcher.proposal[0]).local_as() == OWN_AS
        await composition.close()


@pytest.mark.real
async def test_gobgpd_is_spoken_to_through_a_socket(tmp_path: Path) -> None:
    require(Part.GOBGP)
    socket = tmp_path / "api.sock"
    with gobgpd(address="127.0.0.62", asn=OWN_AS.number, socket=socket) as daemon:
        speaker = GobgpSpeaker("one", daemon.target, deadline=30)
        assert daemon.target == f"unix://{socket}"
        assert await speaker.local_as() == OWN_AS
        await speaker.close()


@asynccontextmanager
async def server(
    service: str, credentials: grpc.ServerCredentials | None = None
) -> AsyncIterator[str]:
    """Something that answers GetBgp of a service; its target."""

    async def get_bgp(_: bytes, context: "grpc.aio.ServicerContext[bytes, bytes]") -> bytes:
        del context
        return pb.GetBgpResponse(bgp=pb.Global(asn=OWN_AS.number)).SerializeToString()

    async with serving(
        {"GetBgp": grpc.unary_unary_rpc_method_handler(get_bgp)}, service, credentials
    ) as target:
        yield target


async def test_a_server_that_asks_who_we_are_is_told(tmp_path: Path) -> None:
    authority, other = Authority(tmp_path, "authority"), Authority(tmp_path, "other")
    theirs, ours, forged = authority.issue("them"), authority.issue("us"), other.issue("forged")
    asks = grpc.ssl_server_credentials(
        [(theirs.key.read_bytes(), theirs.certificate.read_bytes())],
        authority.ca.read_bytes(),
        require_client_auth=True,
    )
    async with server("apipb.GobgpApi", asks) as target:
        for tls, admitted in (
            (Tls.read(authority.ca, ours.certificate, ours.key), True),
            (Tls.read(authority.ca, forged.certificate, forged.key), False),
            (Tls.read(authority.ca, None, None), False),
        ):
            speaker = GobgpSpeaker("one", target, tls=tls, deadline=30)
            if admitted:
                assert await speaker.local_as() == OWN_AS
            else:
                with pytest.raises(SpeakerUnanswered):
                    await speaker.local_as()
            await speaker.close()


@pytest.mark.parametrize(
    ("service", "said"),
    [("api.GoBgpService", "this is GoBGP 4"), ("else.Service", "no gobgpd 3.x")],
)
async def test_what_is_no_gobgpd_3_is_named(service: str, said: str) -> None:
    async with server(service) as target:
        speaker = GobgpSpeaker("one", target, deadline=30)
        with pytest.raises(SpeakerUnanswered, match=said):
            await speaker.local_as()
        await speaker.close()
