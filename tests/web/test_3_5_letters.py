"""The letters of an account: what holds, its public page, its document."""

from byoip.domain.accounts.people import Role
from byoip.domain.letters.letter import RevokedBecause
from byoip.web.own_letters import PAGE
from tests.api.letters import issued, saved
from tests.api.world import World
from tests.pdfs import pdf
from tests.web.browser import signed_in


async def test_letters_are_listed_with_page_and_document(world: World) -> None:
    letter = await issued(world)
    gone = await issued(world)
    await saved(world, gone.revoke(RevokedBecause.OPERATOR, world.clock.now()))
    viewer = await signed_in(world, Role.VIEWER)
    shown = await viewer.read("/ui/letters")
    words = shown.text
    assert words.index(str(letter.facts.prefix)) < words.index(str(gone.facts.prefix))
    assert "revoked" in words
    assert f"/loa/{letter.reference}" in shown.links
    answer = await viewer.get(f"/ui/letters/{letter.reference}/document")
    assert answer.content == pdf()
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert answer.headers["cache-control"] == "private, no-store"


async def test_a_full_page_of_letters_is_light(world: World) -> None:
    letter, viewer = await issued(world), await signed_in(world, Role.VIEWER)
    page = (await viewer.get("/ui/letters")).text
    row = page[page.index("<tbody>") : page.index("</tbody>")]
    assert str(letter.facts.prefix) in row
    assert len(page) + len(row) * PAGE < 100_000


async def test_another_accounts_letters_are_not_there(world: World) -> None:
    letter = await issued(world)
    stranger = await signed_in(world, account_id=world.other_account_id)
    operator = await signed_in(world, Role.OPERATOR)
    assert str(letter.facts.prefix) not in (await stranger.read("/ui/letters")).text
    for visitor, status in ((stranger, 404), (operator, 403)):
        document = f"/ui/letters/{letter.reference}/document"
        assert (await visitor.get(document)).status_code == status
    for path in ("x", "0" * 32, "%2e%2e"):
        assert (await stranger.get(f"/ui/letters/{path}/document")).status_code == 404
