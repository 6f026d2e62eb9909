"""What to publish so that the checks find a route object and its token: texts to paste."""

from collections.abc import Iterable
from typing import Final

from byoip.domain.asn import Asn
from byoip.domain.checks.origin_validation import roa_to_publish
from byoip.domain.checks.registry import Registry
from byoip.domain.checks.rpsl import RpslAttribute, RpslObject, render
from byoip.domain.claims.claim import OtherOrigin
from byoip.domain.prefix import Prefix

CLASSES: Final = {4: "route", 6: "route6"}


def token_line(label: str, token: str) -> str:
    """The physical line of `descr` or `remarks` that carries a token."""
    return f"{label}: {token}"


def remarks_line(line: str) -> str:
    """That line as an attribute to paste."""
    return f"remarks:        {line}"


def route_object_text(
    prefix: Prefix, origin: Asn, registry: Registry, line: str | None = None
) -> str:
    """A route or route6 object to paste, with the token's line where one is given."""
    lines = [(CLASSES[prefix.family], str(prefix)), ("origin", str(origin))]
    if line:
        lines.append(("remarks", line))
    lines += [("mnt-by", "YOUR-MAINTAINER"), ("source", registry.source)]
    attributes = tuple(RpslAttribute(name, (value,)) for name, value in lines)
    return render([RpslObject(attributes)])


def steps_to_route_object(
    prefix: Prefix,
    origin: Asn,
    registry: Registry,
    line: str | None = None,
    others: Iterable[OtherOrigin] = (),
) -> str:
    """How a route object comes to be at this registry, the token's line included.

    `others` are other origins known for the space: they come before a ROA of ours.
    """
    if not registry.objects_from_roas:
        return (
            f"Publish this object in {registry.source} ({registry.host}), with your own "
            f"maintainer:\n\n{route_object_text(prefix, origin, registry, line)}"
        )
    roa = roa_to_publish(prefix, origin, others)
    text = f"{registry.source} makes route objects from ROAs. {roa}"
    if line is None:
        return text
    return f"{text} Then add this line to the object that it makes:\n\n{remarks_line(line)}\n"
