"""Whether a letter is shown to a person or to a machine."""

from collections.abc import Iterable, Mapping

_LONGEST_ACCEPT = 1000  # of a header; browsers send 150


def prefers_html(accept: Iterable[str]) -> bool:
    """Whether the sender is a browser; one without a preference is a machine.

    Args:
        accept: values of the Accept header (RFC 9110, section 12.5.1).
    """
    wanted: dict[str, float] = {}
    for one in ",".join(accept)[:_LONGEST_ACCEPT].split(","):
        kind, *parameters = (part.strip().lower() for part in one.split(";"))
        wanted[kind] = _weight(parameters)
    return _best(wanted, "text/html", "text/*") > _best(wanted, "application/json", "application/*")


def _best(wanted: Mapping[str, float], *kinds: str) -> float:
    return next((wanted[kind] for kind in (*kinds, "*/*") if kind in wanted), 0.0)


def _weight(parameters: Iterable[str]) -> float:
    for one in parameters:
        name, _, value = one.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
