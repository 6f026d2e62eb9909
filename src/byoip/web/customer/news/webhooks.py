"""Webhooks: receivers of the account's events, and what came of sending to them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Final, TypeVar
from uuid import UUID

from starlette.responses import Response

from byoip.domain.event_kinds import OF_PREFIXES
from byoip.domain.hooks.refusals import WEBHOOKS_PER_ACCOUNT
from byoip.domain.hooks.webhook import Webhook
from byoip.store.accounts.rate_limits import Wanted
from byoip.store.transaction import Transaction
from byoip.usecases.hooks import webhooks as verbs
from byoip.usecases.hooks.webhooks import HookChange, Issued
from byoip.web.customer.news.drawn import drawn_as, require_as_drawn
from byoip.web.facts import Facts, carried, with_facts
from byoip.web.forms import fresh_key, id_of, number_in, seen_of
from byoip.web.site import NotServed
from byoip.web.telling import Told, as_drawn, told_of, tried
from byoip.web.visiting import PersonsVisit

_LIST: Final = "/ui/webhooks"
_LONGEST_NUMBER: Final = 18  # digits, which a bigint holds
_DONE: Final[Mapping[str, str]] = {
    "shown": "The secret was shown once, and is not kept. If it is lost, make another one.",
    "changed": "It is changed. Another URL has to take a test before it gets events.",
    "paused": "It gets nothing more. Its place in the feed stays.",
    "resumed": "A test is on its way: once it is taken, what has happened meanwhile follows.",
    "tested": "A test is on its way: what came of it stands below soon. Load this page again.",
    "again": "The event is on its way again, with the same webhook-id.",
    "replayed": "It goes on behind that event.",
    "removed": "It is removed, and gets nothing more.",
}

Result = TypeVar("Result")


async def listed(visit: PersonsVisit) -> Response:
    """The account's webhooks, and a form for another."""
    return await _list(visit, told_of(visit, _DONE))


async def one(visit: PersonsVisit) -> Response:
    """One of them: how far it has come, its last attempts, and what can be done."""
    return await _one(visit, told_of(visit, _DONE))


async def add(visit: PersonsVisit) -> Response:
    """Make one, and show its secret, once."""
    form, terms = visit.form, visit.site.hook_terms

    async def work() -> Response:
        return await visit.write_shown(
            lambda tx: verbs.create(
                tx,
                visit.account_id,
                terms=terms,
                url=form.get("url", "").strip(),
                description=form.get("description", ""),
                kinds=_kinds(visit),
                after=None,
            ),
            partial(_secret, visit),
            lambda made: f"{_of(made.webhook.id)}?done=shown",
            _out_of_turn(visit),
        )

    async def facts() -> tuple[object, ...]:
        return _listed(await _all(visit))

    return await tried(visit, as_drawn(visit, facts, work), partial(_list, visit))


async def rotate(visit: PersonsVisit) -> Response:
    """Make another secret, and show it, once."""
    webhook_id, terms = _named(visit), visit.site.hook_terms
    work = visit.write_shown(
        _as_drawn(visit, lambda tx: verbs.rotate(tx, visit.account_id, webhook_id, terms=terms)),
        partial(_secret, visit),
        lambda made: f"{_of(made.webhook.id)}?done=shown",
    )
    return await tried(visit, work, partial(_one, visit))


async def change(visit: PersonsVisit) -> Response:
    """Another URL, other words, or other kinds."""
    form = visit.form
    given = HookChange(form.get("url", "").strip(), form.get("description", ""), _kinds(visit))
    return await _changed(visit, given, "changed", sends=True)


async def pause(visit: PersonsVisit) -> Response:
    """Send it nothing more."""
    return await _changed(visit, HookChange(enabled=False), "paused")


async def resume(visit: PersonsVisit) -> Response:
    """Have it tested, and go on from where it is."""
    return await _changed(visit, HookChange(enabled=True), "resumed", sends=True)


async def test(visit: PersonsVisit) -> Response:
    """Have a test sent."""
    of = visit.account_id, _named(visit)
    return await _done(visit, lambda tx: verbs.test(tx, *of), "tested", sends=True)


async def redeliver(visit: PersonsVisit) -> Response:
    """Have one event sent again."""
    of, number = (visit.account_id, _named(visit)), _number(visit, "number")
    again = partial(verbs.redeliver, number=number)
    return await _done(visit, lambda tx: again(tx, *of), "again", sends=True)


async def replay(visit: PersonsVisit) -> Response:
    """Go on behind another event."""
    of, after = (visit.account_id, _named(visit)), _number(visit, "after")
    on = partial(verbs.replay, after=after)
    return await _done(visit, lambda tx: on(tx, *of), "replayed", sends=True)


async def remove(visit: PersonsVisit) -> Response:
    """End it."""
    of = visit.account_id, _named(visit)
    work = visit.write(
        _as_drawn(visit, lambda tx: verbs.remove(tx, *of)), lambda _: f"{_LIST}?done=removed"
    )
    return await tried(visit, work, partial(_one, visit))


async def _changed(
    visit: PersonsVisit, given: HookChange, done: str, *, sends: bool = False
) -> Response:
    of, terms = (visit.account_id, _named(visit)), visit.site.hook_terms
    changing = partial(verbs.change, terms=terms, given=given)
    return await _done(visit, lambda tx: changing(tx, *of), done, sends=sends)


async def _done(
    visit: PersonsVisit,
    verb: Callable[[Transaction], Awaitable[object]],
    done: str,
    *,
    sends: bool = False,
) -> Response:
    """Do something to one; what has us send out of turn is paced, as it is in the API."""
    to = f"{_of(_named(visit))}?done={done}"
    spending = [_out_of_turn(visit)] if sends else []
    work = visit.write(_as_drawn(visit, verb), lambda _: to, *spending)
    return await tried(visit, work, partial(_one, visit))


async def _list(visit: PersonsVisit, told: Told) -> Response:
    found = await _all(visit)
    return await visit.page(
        "customer/news/webhooks.html",
        told.status,
        told=told,
        rows=found,
        seen=seen_of(*_listed(found)),
        most=WEBHOOKS_PER_ACCOUNT,
        offered=visit.site.hook_terms.signer is not None,
        catalogue=OF_PREFIXES,
        form=visit.form,
        key=fresh_key,
    )


async def _all(visit: PersonsVisit) -> Sequence[Webhook]:
    reader = visit.site.webhooks
    return await reader.page(visit.account_id, after=None, limit=WEBHOOKS_PER_ACCOUNT)


def _listed(found: Sequence[Webhook]) -> tuple[object, ...]:
    return tuple(one.id.hex for one in found)


async def _one(visit: PersonsVisit, told: Told) -> Response:
    of = visit.account_id, _named(visit)
    hook = await visit.site.webhooks.one(*of)
    signer = visit.site.hook_terms.signer
    return await visit.page(
        "customer/news/webhook.html",
        told.status,
        told=told,
        hook=hook,
        version=drawn_as(hook.modified_at),
        rows=await visit.site.webhooks.deliveries(*of),
        newest=await visit.site.reader.newest_account_event(visit.account_id),
        other_key=signer is not None and signer.key_id != hook.key_id,
        former=hook.former_until if len(hook.generations(visit.now)) > 1 else None,
        catalogue=OF_PREFIXES,
        key=fresh_key,
        changed_at=hook.modified_at,
        few=carried({"state": hook.state.value, "secret": _secrets(hook)}),  # of each of 100 rows
        **with_facts(visit, told, _facts(hook)),
    )


def _facts(hook: Webhook) -> Facts:
    return {
        "state": hook.state.value,
        "because": hook.because.value if hook.because else "",
        "to": hook.url,
        "what it is": hook.description.value,
        "gets": ", ".join(hook.kinds) or "all",
        "done with": f"event {hook.cursor}",
        "failures": hook.failures,
        "secret": _secrets(hook),
    }


def _secrets(hook: Webhook) -> str:
    return f"number {hook.generation}"


def _secret(visit: PersonsVisit, made: Issued) -> Response:
    return visit.short_page("customer/news/secret.html", hook=made.webhook, secret=made.secret)


def _as_drawn(
    visit: PersonsVisit, verb: Callable[[Transaction], Awaitable[Result]]
) -> Callable[[Transaction], Awaitable[Result]]:
    of = visit.account_id, _named(visit)

    async def checked(tx: Transaction) -> Result:
        require_as_drawn(tx.precondition, (await tx.hooks.lock(*of)).modified_at)
        return await verb(tx)

    return checked


def _kinds(visit: PersonsVisit) -> list[str]:
    return visit.form.get("kinds", "").replace(",", " ").split()


def _number(visit: PersonsVisit, field: str) -> int:
    number = number_in(visit.form.get(field, "").strip(), _LONGEST_NUMBER)
    if number is None:
        raise NotServed(400, "Not a number", "Events have numbers: give one.")
    return number


def _out_of_turn(visit: PersonsVisit) -> Wanted:
    return Wanted("preflight", visit.site.limits.preflights_per_account)


def _of(webhook_id: UUID) -> str:
    return f"{_LIST}/{webhook_id.hex}"


def _named(visit: PersonsVisit) -> UUID:
    return id_of(visit.request.path_params["webhook_id"])
