"""Exports of validated ROA payloads, from a URL or a file."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile

from byoip.adapters.https_download import Downloaded, DownloadFailed, DownloadLimits, download
from byoip.ports.checks.rpki import NoExport, VrpExport

FEED_LIMITS = DownloadLimits(deadline=timedelta(minutes=5), largest=512 * 2**20)


@dataclass(frozen=True, slots=True)
class VrpFeed:
    """The JSON export of the operator's own relying party, over HTTPS.

    Attributes:
        directory: where the export is kept until the next one.
        anchors: names of the trust anchors that the relying party is configured with.
    """

    url: str
    directory: Path
    anchors: frozenset[str]
    limits: DownloadLimits = FEED_LIMITS

    async def fetch(self) -> VrpExport | NoExport:
        """Download the whole export; the gates find out whether it is new."""
        part = None
        try:
            with NamedTemporaryFile(dir=self.directory, suffix=".part", delete=False) as sink:
                part = Path(sink.name)
                answer = await download(self.url, sink, self.limits)
            if not isinstance(answer, Downloaded):
                return NoExport(answer.why if isinstance(answer, DownloadFailed) else "unchanged")
            return VrpExport(part.replace(self.directory / "vrps.json"), self.url, self.anchors)
        except OSError as fault:
            return NoExport(f"{self.directory}: {fault}")
        finally:
            if part is not None:
                part.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class VrpFile:
    """An export that something else leaves in a file, to be replaced by rename.

    Attributes:
        anchors: names of the trust anchors that the relying party is configured with.
    """

    path: Path
    anchors: frozenset[str]

    async def fetch(self) -> VrpExport | NoExport:
        """Look whether it is there; the gates find out whether it is new."""
        if not self.path.is_file():
            return NoExport(f"there is no file {self.path}")
        return VrpExport(self.path, str(self.path), self.anchors)
