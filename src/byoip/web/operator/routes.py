"""Which of the operator's pages are where."""

from collections.abc import Sequence
from typing import Final

from starlette.routing import BaseRoute, Route

from byoip.domain.accounts.credential import Scope
from byoip.web.door import Door, form
from byoip.web.operator import (
    accounts,
    asn_disputes,
    credentials,
    data,
    disputes,
    history,
    keeping,
    noc,
    orphans,
    outages,
    waiting,
)
from byoip.web.operator.holding.routes import holding_routes
from byoip.web.operator.network.routes import network_routes

_KEPT: Final = (
    (
        "/ui/noc/accounts",
        keeping.show_accounts,
        {"": keeping.new_account, "/{id}/quota": keeping.change_quota},
    ),
    (
        "/ui/noc/services",
        keeping.show_services,
        {
            "": keeping.new_service,
            "/{id}/change": keeping.change_service,
            "/{id}/retire": keeping.retire_service,
        },
    ),
    (
        "/ui/noc/space",
        keeping.show_space,
        {
            "/reserved": keeping.reserve,
            "/reserved/{id}/release": keeping.release,
            "/registries": keeping.override,
            "/registries/{id}/end": keeping.end_override,
        },
    ),
)


def operator_routes(door: Door) -> Sequence[BaseRoute]:
    """Everybody of the operator looks; who acts needs the scope."""
    one, dispute = "/ui/noc/prefixes/{prefix_id}", "/ui/noc/disputes/{dispute_id}"
    asn_dispute = "/ui/noc/asn-disputes/{dispute_id}"
    kept = []
    for path, show, forms in _KEPT:
        kept.append(Route(path, door.people(keeping.page_of(show))))
        for below, made in forms.items():
            act = keeping.form_of(show, path, made, another="{id}" not in below)
            kept.append(form(f"{path}{below}", door.people(act, Scope.OPERATOR)))
    return [
        Route("/ui/noc", door.people(noc.needed)),
        Route("/ui/noc/part", door.part(noc.part)),
        Route("/ui/noc/kinds/{kind}", door.people(noc.kind)),
        form("/ui/noc/do/{what}", door.people(noc.do, Scope.OPERATOR)),
        Route("/ui/noc/prefixes", door.people(noc.prefixes)),
        Route(one, door.people(noc.prefix)),
        form(f"{one}/{{what}}", door.people(noc.act_on_prefix, Scope.OPERATOR)),
        Route(dispute, door.people(disputes.dispute)),
        form(f"{dispute}/decide", door.people(disputes.decide, Scope.OPERATOR)),
        Route(asn_dispute, door.people(asn_disputes.asn_dispute)),
        form(f"{asn_dispute}/decide", door.people(asn_disputes.decide, Scope.OPERATOR)),
        Route("/ui/noc/routes", door.people(noc.routes)),
        Route("/ui/noc/routes/drain", door.people(outages.look)),
        form("/ui/noc/routes/drain", door.people(outages.begin, Scope.OPERATOR)),
        *_of_accounts(door),
        *_of_routes(door),
        Route("/ui/noc/data", door.people(data.shown)),
        form(
            "/ui/noc/data/roas/accept", door.people(data.accepting("accept-roas"), Scope.OPERATOR)
        ),
        form(
            "/ui/noc/data/statistics/accept",
            door.people(data.accepting("accept-statistics"), Scope.OPERATOR),
        ),
        Route("/ui/noc/history", door.people(history.shown)),
        *kept,
        *holding_routes(door),
        *network_routes(door),
    ]


def _of_accounts(door: Door) -> Sequence[BaseRoute]:
    account, listed = "/ui/noc/accounts/{account_id}", "/ui/noc/credentials"
    end = "{credential_id}/revoke"
    on_account = credentials.end_of(accounts.shown, accounts.back)
    on_list = credentials.end_of(credentials.shown, credentials.back)
    return [
        Route(account, door.people(accounts.one)),
        form(account, door.people(accounts.change, Scope.OPERATOR)),
        form(f"{account}/credentials/{end}", door.people(on_account, Scope.OPERATOR)),
        Route(listed, door.people(credentials.listed)),
        form(listed, door.people(credentials.issue, Scope.OPERATOR)),
        form(f"{listed}/{end}", door.people(on_list, Scope.OPERATOR)),
    ]


def _of_routes(door: Door) -> Sequence[BaseRoute]:
    held, waits = "/ui/noc/routes/orphans", "/ui/noc/routes/waiting"
    return [
        Route(held, door.people(orphans.listed)),
        Route(f"{held}/look", door.people(orphans.look)),
        form(f"{held}/withdraw", door.people(orphans.withdraw, Scope.OPERATOR)),
        Route(waits, door.people(waiting.listed)),
        form(f"{waits}/release", door.people(waiting.release, Scope.OPERATOR)),
        form(f"{waits}/release-shown", door.people(waiting.release_shown, Scope.OPERATOR)),
    ]
