"""How many connections to Postgres processes hold at most; operators compare it with its limit."""

from dataclasses import dataclass

from byoip.settings.model import Settings
from byoip.store.claims.event_notifier import LISTENING_CONNECTIONS
from byoip.store.jobs.jobs import QUEUE_CONNECTIONS
from byoip.store.server_settings import Server
from byoip.store.speakers import leader_election, watch_election

_WAITING = 1  # for a lease
_REMEMBERING = 1  # the database, to tell a failover from a restore


@dataclass(frozen=True, slots=True)
class Connections:
    """The most that each part holds.

    Attributes:
        api, worker, up: a process of that kind.
        leading: what the one worker that leads holds besides.
        watching: what the one process that watches routes holds besides.
        command: a command while it runs; a refresh of ROA data is one.
    """

    api: int
    worker: int
    up: int
    leading: int
    watching: int
    command: int = 2

    def all_of(self, apis: int, workers: int, ups: int = 0) -> int:
        """Of as many processes, with one command at a time."""
        processes = apis * self.api + workers * self.worker + ups * self.up
        return processes + self.leading + self.watching + self.command


def connections_of(settings: Settings) -> Connections:
    """Of processes with these settings."""
    speaks = bool(settings.speakers)
    watches = (_WAITING + _REMEMBERING) * speaks
    api = settings.database_connections + LISTENING_CONNECTIONS + watches
    worker = settings.database_connections + QUEUE_CONNECTIONS + watches
    worker += _WAITING * (speaks and settings.reconcile)
    return Connections(
        api=api,
        worker=worker,
        up=worker + LISTENING_CONNECTIONS,
        leading=(leader_election.CONNECTIONS - _WAITING) * speaks,
        watching=(watch_election.CONNECTIONS - _WAITING) * speaks,
    )


def connection_notes(settings: Settings, server: Server, *, starts: str | None = None) -> list[str]:
    """What to say if the server may run out of connections.

    `starts` is the kind of process that starts now and joins those that run; without it at least
    one API process and one worker count, with the settings of this one.
    """
    apis, workers = server.apis + (starts == "api"), server.workers + (starts == "worker")
    ups = int(starts == "up")
    if starts is None:
        apis, workers = max(apis, 1), max(workers, 1)
    most = connections_of(settings).all_of(apis, workers, ups)
    if most <= server.room:
        return []
    note = (
        f"{apis + ups} processes with an API and {workers + ups} with a worker use up to {most} "
        f"connections, and this server, database or role has room for {server.room}: raise "
        "max_connections (or CONNECTION LIMIT), or lower database_connections"
    )
    return [note]
