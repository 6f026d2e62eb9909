"""What edges and those who run them are served from."""

from dataclasses import dataclass

from byoip.ports.clock import Clock
from byoip.store.bindings.edge_reader import EdgeReader
from byoip.store.transaction import Store
from byoip.usecases.bindings.acknowledge_changes import AcknowledgeChanges
from byoip.usecases.bindings.put_edge import PutEdge
from byoip.usecases.bindings.remove_edge import RemoveEdge


@dataclass(frozen=True, slots=True)
class EdgeDesk:
    """What edges may do, and what is shown to them and of them."""

    acknowledge: AcknowledgeChanges
    put: PutEdge
    remove: RemoveEdge
    reader: EdgeReader


def edge_desk(store: Store, clock: Clock, reader: EdgeReader) -> EdgeDesk:
    """All of it, around these ports."""
    return EdgeDesk(
        acknowledge=AcknowledgeChanges(store, clock),
        put=PutEdge(store, clock),
        remove=RemoveEdge(store, clock),
        reader=reader,
    )
