"""Routes on the wire: desired, applied and observed are told apart."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field, field_validator

from byoip.api.border.envelope import Id, Strict, Text, Time, Wire, example
from byoip.domain.routes.bgp_prefix import NotSupported, prepends
from byoip.domain.routes.route import MOST_PREPENDS
from byoip.store.routes.views import BgpPrefixView

_SIGNAL: dict[str, Any] = {"enabled": False, "modified_at": None}
EXAMPLE: dict[str, Any] = {
    "id": "7009ba364c7a5760798ceb430e603b74",
    "cidr": "198.18.0.0/24",
    "asn": 64500,
    "asn_prepend_count": 0,
    "auto_advertise_withdraw": False,
    "bgp_signal_opts": _SIGNAL,
    "on_demand": {
        "advertised": True,
        "advertised_modified_at": "2026-11-02T09:30:00Z",
        "on_demand_enabled": True,
        "on_demand_locked": False,
    },
    "created_at": "2026-11-02T09:00:00Z",
    "modified_at": "2026-11-02T09:30:00Z",
    "desired": {"advertised": True, "at": "2026-11-02T09:30:00Z"},
    "applied": {"advertised": True, "at": "2026-11-02T09:30:00.012Z"},
    "observed": {
        "advertised": True,
        "at": "2026-11-02T09:30:00.051Z",
        "by": "route-collector",
        "own_word": False,
    },
    "waiting_for": None,
}


class NewBgpPrefix(Strict):
    """A part of the prefix to be announced on its own."""

    model_config = example(cidr=EXAMPLE["cidr"])

    cidr: str = Field(description="Inside the prefix; at most /24 for IPv4, /48 for IPv6.")


class WantedOnDemand(Strict):
    """Whether it is to be announced; what is left out stays as it is."""

    advertised: bool | None = None


class WantedSignal(Strict):
    """Announcing by BGP signal, which is not offered."""

    enabled: bool = False


class BgpPrefixChange(Strict):
    """What to change; what is left out stays as it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"on_demand": {"advertised": True}}, {"asn_prepend_count": 2}]
        }
    )

    on_demand: WantedOnDemand | None = None
    asn_prepend_count: (
        Annotated[int, Field(json_schema_extra={"minimum": 0, "maximum": 3})] | None
    ) = Field(default=None, description=f"How often the origin is repeated, 0 to {MOST_PREPENDS}.")
    auto_advertise_withdraw: bool = Field(default=False, description="Only false is supported.")
    bgp_signal_opts: WantedSignal = Field(
        default=WantedSignal(), description="Only disabled is supported."
    )

    @field_validator("asn_prepend_count")
    @classmethod
    def _within_bounds(cls, count: int | None) -> int | None:
        return None if count is None else prepends(count)

    def require_supported(self) -> None:
        """Refuse members that have only one value here.

        Raises:
            NotSupported: one was given the other value.
        """
        if self.auto_advertise_withdraw:
            raise NotSupported("auto_advertise_withdraw")
        if self.bgp_signal_opts.enabled:
            raise NotSupported("bgp_signal_opts/enabled")


class AdvertisementChange(Strict):
    """Whether the whole prefix is to be announced."""

    model_config = example(advertised=True)

    advertised: bool


class BgpSignal(Wire):
    """Announcing by BGP signal, which is not offered."""

    enabled: bool
    modified_at: Time | None


class OnDemand(Wire):
    """What is desired, as v4 clients know it."""

    advertised: bool
    advertised_modified_at: Time | None = Field(description="null: never announced.")
    on_demand_enabled: bool
    on_demand_locked: bool = Field(
        description="Locked by the operator: its owner cannot change it."
    )


class DesiredState(Wire):
    """What its owner wants."""

    advertised: bool
    at: Time | None = Field(description="When that last changed; null: never.")


class AppliedState(Wire):
    """What our speakers have confirmed that they hold."""

    advertised: bool = Field(
        description="true as soon as one speaker holds it, until all have given it up."
    )
    at: Time | None = Field(
        description="When the first speaker that holds it, or the last that gave it up, confirmed "
        "that; null: no speaker was asked yet."
    )


class ObservedState(Wire):
    """What listeners see from outside; without listeners, what our speakers report they send."""

    advertised: bool | None = Field(
        description="null: no observer has looked, or none has confirmed it for five seconds, "
        'which is not "no".'
    )
    at: Time | None = Field(
        description="When the observer last confirmed it; for a route that is withdrawn and gone, "
        "when it was seen to be gone; null: no observer has looked yet."
    )
    by: str | None = Field(description="The observer.")
    own_word: bool | None = Field(description="true: one of our speakers reports it about itself.")


class AwaitedDrain(Wire):
    """What the operator keeps out of service."""

    target: str = Field(description="A stage, a speaker, or `SPEAKER to NEIGHBOUR`.")
    since: Time
    until: Time | None = Field(
        description="When it ends by itself, or was lifted; null: a person has to end it."
    )


class WaitingFor(Wire):
    """What a change waits for."""

    what: str = Field(
        description="`reconciler`: no worker has asked a speaker for a minute; `speakers`: none of "
        "those that have a next hop for the family answers; `drain`: the operator keeps all of "
        "those that answer out of service; `next_hop`: no speaker has one, or none is in the AS "
        "that the route stands behind; `observers`: none can say whether it is seen, so it goes to "
        "no further stage. Others may come."
    )
    since: Time = Field(
        description="When the change was asked for, or when what it waits for went away, if that "
        "is later and known."
    )
    drain: AwaitedDrain | None = Field(
        description="With `drain`: the one to wait for, the first after which a session can come "
        "up. null: it waits for another party."
    )


class BgpPrefix(Wire):
    """A route: the prefix, or a part of it."""

    model_config = example(**EXAMPLE)

    id: Id
    cidr: Text
    asn: int
    asn_prepend_count: int
    auto_advertise_withdraw: bool
    bgp_signal_opts: BgpSignal
    on_demand: OnDemand
    created_at: Time
    modified_at: Time
    desired: DesiredState
    applied: AppliedState
    observed: ObservedState
    waiting_for: WaitingFor | None = Field(
        description="What its last change waits for, where no stage of speakers can take it now; "
        "null: it is under way, or seen at every stage."
    )


class AdvertisementStatus(Wire):
    """Whether the prefix is to be announced: of the BGP prefix that spans it."""

    model_config = example(advertised=True, advertised_modified_at="2026-11-02T09:30:00Z")

    advertised: bool
    advertised_modified_at: Time | None


NEVER_ADVERTISED = AdvertisementStatus(advertised=False, advertised_modified_at=None)


def bgp_prefix_of(view: BgpPrefixView) -> BgpPrefix:
    """A route as the wire shows it."""
    kept = view.bgp_prefix
    desired = kept.desired
    return BgpPrefix.showing(
        kept,
        asn=kept.asn.number,
        asn_prepend_count=desired.prepend,
        auto_advertise_withdraw=False,
        bgp_signal_opts=BgpSignal(enabled=False, modified_at=None),
        on_demand=OnDemand(
            advertised=desired.advertised,
            advertised_modified_at=desired.at,
            on_demand_enabled=True,
            on_demand_locked=kept.locked,
        ),
        applied=view.applied,
        observed=view.observed,
        waiting_for=view.waiting_for,
    )


def status_of(view: BgpPrefixView) -> AdvertisementStatus:
    """The same in the deprecated form."""
    desired = view.bgp_prefix.desired
    return AdvertisementStatus(advertised=desired.advertised, advertised_modified_at=desired.at)
