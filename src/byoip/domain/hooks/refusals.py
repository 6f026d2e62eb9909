"""What is refused about webhooks."""

from typing import Final

from byoip.domain.errors import Refusal

WEBHOOKS_PER_ACCOUNT: Final = 5
MOST_REDELIVERIES: Final = 20


class WebhookNotFound(Refusal):
    """The account has no such webhook."""

    name = "webhook_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such webhook.")


class WebhooksNotOffered(Refusal):
    """There is no key that secrets could be made of."""

    name = "webhooks_not_offered"

    def __init__(self) -> None:
        super().__init__(
            "This operator sends no webhooks: it has configured no webhook_key. Nothing was "
            "changed."
        )


class TooManyWebhooks(Refusal):
    """The account has as many as it may have."""

    name = "webhook_quota_reached"

    def __init__(self) -> None:
        super().__init__(
            f"This account has {WEBHOOKS_PER_ACCOUNT} webhooks, its quota: remove one."
        )


class UnknownEventKind(Refusal):
    """No event is of this kind."""

    name = "unknown_event_kind"

    def __init__(self, kind: str) -> None:
        super().__init__(f"No event is of the kind {kind[:80]!r}.", pointer="/kinds")


class EventBeyondFeed(Refusal):
    """The account has no event of this number."""

    name = "event_beyond_feed"

    def __init__(self, number: int, newest: int, pointer: str) -> None:
        super().__init__(
            f"There is no event {number}: the account's newest is {newest}.", pointer=pointer
        )


class WebhookNotActive(Refusal):
    """It has not taken a test, or is disabled."""

    name = "webhook_not_active"

    def __init__(self, state: str) -> None:
        super().__init__(
            f"This webhook is {state}, so it gets no events: have it tested, or enable it first."
        )


class WebhookStoppedByOperator(Refusal):
    """The operator has disabled it."""

    name = "webhook_stopped_by_operator"

    def __init__(self) -> None:
        super().__init__("The operator has disabled this webhook: ask the operator.")


class TooManyRedeliveries(Refusal):
    """As many wait to be sent again as may."""

    name = "too_many_redeliveries"

    def __init__(self) -> None:
        super().__init__(
            f"{MOST_REDELIVERIES} events wait to be sent again. Wait, or replay all after a number."
        )
