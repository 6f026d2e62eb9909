"""The records of what is refused about services, bindings and edges."""

from byoip.api.problems.record import PREFIX, conflict, invalid, not_found
from byoip.domain.bindings import edge, offered_service, service_binding
from byoip.domain.prefix import Prefix

REFUSALS = (
    invalid(1500, service_binding.ServiceNotFound(), "Take an id from GET /services."),
    not_found(1501, service_binding.BindingNotFound(), "List the prefix's bindings."),
    conflict(
        1502,
        service_binding.PrefixNotApproved(),
        "Fix the prefix's `blockers`, then ask for validation.",
    ),
    invalid(
        1503,
        service_binding.BindingOutsidePrefix(Prefix.parse("198.18.2.0/24"), PREFIX),
        "Give a range inside the prefix.",
    ),
    conflict(
        1504,
        service_binding.DefaultBindingFirst(PREFIX),
        "Bind the whole prefix first, then parts of it.",
    ),
    conflict(1505, service_binding.BindingExists(PREFIX), "PATCH the binding that is there."),
    invalid(
        1506,
        service_binding.DefaultOnlyService("Scrubbing"),
        "Bind this service to the whole prefix, or take another one.",
    ),
    conflict(
        1507,
        service_binding.DefaultBindingInUse("remove the more specific bindings first"),
        "Remove the more specific bindings first.",
    ),
    conflict(1508, service_binding.TooManyBindings(), "Remove bindings that are not needed."),
    conflict(
        1804,
        offered_service.ServiceInUse("3 bindings rest on it"),
        "Have its bindings swapped to another service or removed, wait until edges have "
        "acknowledged that, then retry.",
    ),
    conflict(
        1805,
        offered_service.ServiceExists(),
        "Take another name, or use the service that is there.",
    ),
    not_found(1806, offered_service.ServiceNotOffered(), "List the services."),
    invalid(1830, edge.InvalidEdgeName(), "Give the edge a short name, as in fra1."),
    not_found(
        1831,
        edge.EdgeNotFound(),
        "Have an operator register the edge, or look for the slip in its name.",
    ),
    conflict(
        1832, edge.EdgeRemoved(), "Have an operator put the edge back, or stop its controller."
    ),
    conflict(
        1833,
        edge.ChangeNotMadeYet(4711),
        "Take the full state, go on after its number, and acknowledge that.",
    ),
    conflict(
        1834,
        edge.EdgeBehind(4710, 4711),
        "Wait until the edge has acknowledged that change, then ask again.",
    ),
    conflict(1835, edge.FeedReplaced(), "Take the full state, go on with its feed and number."),
)
