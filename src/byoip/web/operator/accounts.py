"""One account: what it is called, how much it may have, its people, and its tokens."""

from collections.abc import Mapping
from functools import partial
from typing import Final
from uuid import UUID

from starlette.responses import Response

from byoip.domain.claims.claim import CLAIMS_PER_ACCOUNT
from byoip.store.accounts.operator_views import OperatorClaimFilter
from byoip.usecases.accounts import accounts
from byoip.web.forms import fresh_key, id_of
from byoip.web.operator import credentials
from byoip.web.operator.keeping import quota_of
from byoip.web.operator.noc import require_operator
from byoip.web.prefixes import chip_of, cursor_of
from byoip.web.telling import Told, told_of, tried
from byoip.web.visiting import PersonsVisit

_NEWEST: Final = 20  # of its prefixes and people
_DONE: Final[Mapping[str, str]] = {
    "changed": "It is changed. History has it, with your name and the reason.",
    **credentials.DONE,
}


async def one(visit: PersonsVisit) -> Response:
    """The page of an account."""
    require_operator(visit)
    return await shown(visit, told_of(visit, _DONE))


async def change(visit: PersonsVisit) -> Response:
    """Give it another name, or another quota."""
    require_operator(visit)
    account_id, name, quota = _named(visit), visit.form.get("name", ""), quota_of(visit)
    work = visit.write(
        lambda tx: accounts.update(
            tx, account_id, name=name, prefix_quota=quota, reason=visit.form.get("reason", "")
        ),
        lambda _: f"{back(visit)}done=changed",
    )
    return await tried(visit, work, partial(shown, visit))


async def shown(visit: PersonsVisit, told: Told) -> Response:
    """The page, with what became of a form of it."""
    account_id, site = _named(visit), visit.site
    view = await site.operator_reader.account(account_id)
    wanted = OperatorClaimFilter(account_id=account_id)
    claims = await site.operator_reader.claims(wanted, after=None, limit=_NEWEST)
    before = cursor_of(visit.request.query_params.get("before", ""))
    found = await site.operator_reader.credential_views(
        account_id, people=False, in_force_at=visit.now, before=before, limit=credentials.PAGE + 1
    )
    people = await site.people.people(account_id)
    return await visit.page(
        "operator/account.html",
        told.status,
        told=told,
        view=view,
        account=view.account,
        people=people[:_NEWEST],
        more_people=max(0, len(people) - _NEWEST),
        barred=await site.people.barred(account_id),
        prefixes=[(chip_of(one), one) for one in claims],
        most_quota=CLAIMS_PER_ACCOUNT,
        form=visit.form,
        key=fresh_key,
        **credentials.shown_page(found),
    )


def back(visit: PersonsVisit) -> str:
    """Its page, to which a query is added."""
    return f"/ui/noc/accounts/{_named(visit).hex}?"


def _named(visit: PersonsVisit) -> UUID:
    return id_of(visit.request.path_params["account_id"])
