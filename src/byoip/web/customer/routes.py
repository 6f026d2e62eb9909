"""Which of an account's pages are where, and what a role needs for them."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route

from byoip.domain.accounts.credential import Scope
from byoip.web.customer import (
    addresses,
    asns,
    delegations,
    history,
    moves,
    removed,
    serving,
    tokens,
)
from byoip.web.customer.news import mail, webhooks
from byoip.web.door import Door, form


def customer_routes(door: Door) -> Sequence[BaseRoute]:
    """AS numbers, delegations, moves, services, news, and tokens, as operators have as well."""
    asn, lent = "/ui/asns/{asn_id}", "/ui/prefixes/{prefix_id}/delegations"
    bound = "/ui/prefixes/{prefix_id}/bindings"
    binding = f"{bound}/{{binding_id}}"
    look, write = Scope.PREFIXES_READ, Scope.PREFIXES_WRITE
    return [
        Route("/ui/asns", door.people(asns.listed, look)),
        form("/ui/asns", door.people(asns.add, write)),
        Route(asn, door.people(asns.one, look)),
        form(f"{asn}/look", door.people(asns.look, write, asks=True)),
        form(f"{asn}/token", door.people(asns.new_token, write)),
        form(f"{asn}/remove", door.people(asns.remove, write)),
        Route(
            "/ui/prefixes/{prefix_id}/addresses", door.people(addresses.shown, look, Scope.BGP_READ)
        ),
        Route("/ui/prefixes/{prefix_id}/history", door.people(history.shown, look)),
        Route(bound, door.people(serving.listed, look)),
        form(bound, door.people(serving.nest, write)),
        Route(binding, door.people(serving.one, look)),
        form(f"{binding}/swap", door.people(serving.swap, write)),
        form(f"{binding}/unbind", door.people(serving.unbind, write)),
        Route("/ui/prefixes/removed", door.people(removed.listed, look)),
        form("/ui/prefixes/{prefix_id}/remove", door.people(removed.remove, write)),
        form("/ui/prefixes/{prefix_id}/reopen", door.people(removed.reopen, write)),
        Route("/ui/tokens", door.people(tokens.listed)),
        form("/ui/tokens", door.people(tokens.make)),
        form("/ui/tokens/{token_id}/revoke", door.people(tokens.revoke)),
        Route("/ui/delegations", door.people(delegations.listed, look)),
        Route("/ui/moves", door.people(moves.listed, look)),
        form("/ui/moves/{move_id}/accept", door.people(moves.accept, write)),
        form("/ui/moves/{move_id}/end", door.people(moves.end, write)),
        Route("/ui/prefixes/{prefix_id}/move", door.people(moves.of_prefix, look)),
        form("/ui/prefixes/{prefix_id}/move", door.people(moves.offer, write)),
        Route(lent, door.people(delegations.of_prefix, look)),
        form(lent, door.people(delegations.lend, write)),
        form(f"{lent}/{{delegation_id}}/end", door.people(delegations.end, write)),
        *_news(door),
    ]


def _news(door: Door) -> Sequence[BaseRoute]:
    """What is sent tells what `prefixes:read` reads, so who has things sent needs both."""
    hook, address = "/ui/webhooks/{webhook_id}", "/ui/mail/{mail_address_id}"
    look, acts = Scope.PREFIXES_READ, (Scope.PREFIXES_WRITE, Scope.PREFIXES_READ)
    return [
        Route("/ui/webhooks", door.people(webhooks.listed, look)),
        form("/ui/webhooks", door.people(webhooks.add, *acts)),
        Route(hook, door.people(webhooks.one, look)),
        form(f"{hook}/change", door.people(webhooks.change, *acts)),
        form(f"{hook}/pause", door.people(webhooks.pause, *acts)),
        form(f"{hook}/resume", door.people(webhooks.resume, *acts)),
        form(f"{hook}/test", door.people(webhooks.test, *acts)),
        form(f"{hook}/redeliver", door.people(webhooks.redeliver, *acts)),
        form(f"{hook}/replay", door.people(webhooks.replay, *acts)),
        form(f"{hook}/secret", door.people(webhooks.rotate, *acts)),
        form(f"{hook}/remove", door.people(webhooks.remove, *acts)),
        Route("/ui/mail", door.people(mail.listed, look)),
        form("/ui/mail", door.people(mail.add, *acts)),
        Route(address, door.people(mail.one, look)),
        form(f"{address}/verify", door.people(mail.verify, *acts)),
        form(f"{address}/code", door.people(mail.send_code, *acts)),
        form(f"{address}/change", door.people(mail.change, *acts)),
        form(f"{address}/remove", door.people(mail.remove, *acts)),
    ]
