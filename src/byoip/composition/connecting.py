"""Ways to speakers: where one is, is the revision's word; all else is in the own file."""

from byoip.adapters.gobgp.transport import Tls, UnusableTls
from byoip.adapters.speakers.gobgp_speaker import GobgpSpeaker
from byoip.adapters.speakers.unreachable_speaker import UnreachableSpeaker
from byoip.domain.speakers.revision import SpeakerEntry
from byoip.ports.speakers.speaker import Speaker
from byoip.settings.model import Settings
from byoip.settings.names import SettingsError
from byoip.settings.speakers import SOCKET, SpeakerSettings, stays_on_this_machine


class SpeakerConnections:
    """This process's ways to speakers, wherever the revision says that they are.

    How it proves who it is, and whom it believes, is in its own file.
    """

    def __init__(self, settings: Settings, *, loopback_only: bool) -> None:
        self._own = {one.name: one for one in settings.speakers}
        self._tls = dict(zip(self._own, tls_of(settings), strict=True))
        self._loopback_only = loopback_only
        self._made: dict[tuple[str, str], GobgpSpeaker | UnreachableSpeaker] = {}

    def __call__(self, entry: SpeakerEntry) -> Speaker:
        """The way to it: to no other than the revision has, and as the own file allows."""
        key = entry.name, entry.address
        if key not in self._made:
            self._made[key] = self._make(entry)
        return self._made[key]

    def _make(self, entry: SpeakerEntry) -> GobgpSpeaker | UnreachableSpeaker:
        name, address = entry.name, entry.address
        own, here = self._own.get(name), stays_on_this_machine(address)
        tls = None if address.startswith(SOCKET) else self._tls.get(name)
        if self._loopback_only and not here:
            return UnreachableSpeaker(name, "a sandbox announces on loopback only")
        if not (here or tls or (own and own.plaintext)):
            why = f"this worker's file has neither tls_ca nor plaintext for it at {address}"
            return UnreachableSpeaker(name, why)
        return GobgpSpeaker(name, address, tls=tls)

    async def close(self) -> None:
        """End the connections."""
        for speaker in self._made.values():
            if isinstance(speaker, GobgpSpeaker):
                await speaker.close()


def tls_of(settings: Settings) -> list[Tls | None]:
    """Read the files for TLS of each speaker; None where it has none.

    Raises:
        SettingsError: one of them cannot be used.
    """
    return [_tls(one) for one in settings.speakers]


def _tls(one: SpeakerSettings) -> Tls | None:
    if one.tls_ca is None:
        return None
    try:
        return Tls.read(one.tls_ca, one.tls_certificate, one.tls_key)
    except UnusableTls as fault:
        raise SettingsError(f"Speaker {one.name}: {fault}") from fault
