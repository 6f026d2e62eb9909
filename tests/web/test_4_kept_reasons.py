"""Page, 4: of a form that was refused on what needs a person, the reason stays in its own field."""

import pytest

from byoip.domain.accounts.people import Role
from tests.api.operators import Operator
from tests.api.world import World
from tests.web.browser import Form, Reading, signed_in

NOC = "/ui/noc"
STOPPED = ("close_unproven", "watch_prefixes")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"reason": "<b>" + "x" * 1000}, 422),
        ({"seen": "0" * 16, "reason": "So."}, 412),
    ],
)
async def test_4_a_reason_that_was_typed_stays_where_it_was_typed(
    world: World, operator: Operator, sent: dict[str, str], status: int
) -> None:
    for job in STOPPED:
        await operator.act(f"/jobs/{job}/stop")
    browser = await signed_in(world, Role.OPERATOR)

    def starting(text: str) -> list[Form]:
        return [one for one in Reading(text).forms if one.action.endswith("/start-job")]

    drawn = (await browser.get(NOC)).text
    assert [one.fields.get("reason") for one in starting(drawn)] == ["", ""]
    form = starting(drawn)[1]
    answer = await browser.send(form, **sent)
    assert answer.status_code == status
    kept = {one.fields["job"]: one.fields["reason"] for one in starting(answer.text)}
    assert kept == dict.fromkeys(STOPPED, "") | {form.fields["job"]: sent["reason"]}
    assert answer.text.count("<details open hx-morph-skip id=") == 1
    for page in (NOC, f"{NOC}/part"):
        assert "<details open" not in (await browser.get(page)).text
