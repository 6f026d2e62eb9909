"""`byoip rpki`: refresh ROA data, always in a process of its own."""

import os
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from byoip.adapters.checks.rpki_client import RpkiClient
from byoip.adapters.checks.vrp_exports import VrpFeed, VrpFile
from byoip.cli.opening import with_composition
from byoip.composition.process import Composition
from byoip.ports.checks.rpki import VrpSource
from byoip.settings.model import Settings
from byoip.settings.names import SettingsError
from byoip.usecases.checks.refresh_roas import Refreshed, RoasAccepted, RoasRefused

_RPKI_CLIENT_USER = "_rpki-client"

rpki_app = typer.Typer(no_args_is_help=True, help="ROA data.")


@rpki_app.command("refresh")
def refresh(
    rpki_cache: Annotated[
        Path | None, typer.Option(help="Directory for rpki-client or the feed.")
    ] = None,
) -> None:
    """Fetch ROA data once, judge it, and use it if it passes the gates."""

    async def work(composition: Composition) -> Refreshed:
        return await composition.refresh_roas(vrp_source(composition.settings, rpki_cache))()

    with_composition(work, _say_refreshed)


def _say_refreshed(refreshed: Refreshed) -> None:
    if isinstance(refreshed, RoasRefused):
        typer.echo(f"Snapshot {refreshed.number} is refused; the last good one stays in use:")
        for objection in refreshed.objections:
            typer.echo(f"  {objection.gate.value}: {objection.detail}")
        if refreshed.acceptable:
            again = f"byoip operator snapshots accept {refreshed.number} --reason ..."
            typer.echo(f"To use it all the same: {again}")
        raise typer.Exit(1)
    if isinstance(refreshed, RoasAccepted):
        counts = ", ".join(f"{name} {n:,}" for name, n in sorted(refreshed.tally.counts.items()))
        typer.echo(f"Snapshot {refreshed.number} is in use: {counts}")
    else:
        typer.echo(f"Nothing new: snapshot {refreshed.number} stays in use.")


def vrp_source(settings: Settings, cache: Path | None) -> VrpSource:
    """Where ROA data comes from: a feed, a file, or rpki-client with its cache.

    Raises:
        SettingsError: none of them is configured, or no trust anchor locators are found.
    """
    anchors = frozenset(settings.rpki_anchors)
    if settings.rpki_feed_file:
        return VrpFile(settings.rpki_feed_file, anchors)
    if cache is None:
        raise SettingsError("ROA data needs a directory: byoip rpki refresh --rpki-cache DIR")
    cache.mkdir(parents=True, exist_ok=True)
    if settings.rpki_feed_url:
        return VrpFeed(str(settings.rpki_feed_url), cache, anchors)
    tals = [one for one in sorted(settings.rpki_tals.glob("*.tal")) if one.stem in anchors]
    if {one.stem for one in tals} != anchors:
        missing = ", ".join(sorted(anchors - {one.stem for one in tals}))
        raise SettingsError(f"{settings.rpki_tals} lacks trust anchor locators: {missing}")
    program = shutil.which(settings.rpki_program) or settings.rpki_program
    cached, output = cache / "repositories", cache / "output"
    for directory in (cached, output):
        directory.mkdir(exist_ok=True)
        if os.geteuid() == 0:
            _hand_over(directory)
    timeout = timedelta(seconds=settings.rpki_timeout_seconds)
    user = _RPKI_CLIENT_USER if os.geteuid() == 0 else None
    return RpkiClient(Path(program), cached, output, tals, timeout, user=user)


def _hand_over(directory: Path) -> None:
    """Give a directory to the user that rpki-client, started as root, changes to."""
    try:
        shutil.chown(directory, _RPKI_CLIENT_USER)
    except LookupError:
        raise SettingsError(f"rpki-client as root needs the user {_RPKI_CLIENT_USER}") from None
