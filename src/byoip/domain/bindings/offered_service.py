"""What is refused to operators of the services that customers may bind."""

from byoip.domain.errors import Refusal


class ServiceInUse(Refusal):
    """Bindings rest on the service."""

    name = "service_in_use"

    def __init__(self, why: str) -> None:
        super().__init__(f"The service is in use: {why}.")


class ServiceExists(Refusal):
    """Names of services are unique among those offered."""

    name = "service_exists"

    def __init__(self) -> None:
        super().__init__("A service of this name is offered already.", pointer="/name")


class ServiceNotOffered(Refusal):
    """There is no such service, or it was retired."""

    name = "service_not_offered"

    def __init__(self) -> None:
        super().__init__("There is no such service.")


def may_be_default_only(nested: int) -> None:
    """Refuse a service parts of prefixes where it serves `nested` of them now.

    Raises:
        ServiceInUse: it serves some.
    """
    if nested:
        raise ServiceInUse(f"{nested} of its bindings span less than their prefix")
