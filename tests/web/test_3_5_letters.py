"""The letters of an account: what holds, its public page, its document."""

import asyncio
from dataclasses import replace

import httpx
from prometheus_client import CollectorRegistry

from byoip.adapters.letters.letter_pictures import ChildLetterPictures
from byoip.api.application import create_application
from byoip.domain.accounts.people import Role
from byoip.domain.letters.letter import RevokedBecause
from byoip.usecases.claims import moves
from byoip.web.customer.own_letters import PAGE
from byoip.web.rendering import POLICY
from tests.api.letters import issued, saved
from tests.api.world import World
from tests.pdfs import pdf
from tests.store.samples import BY
from tests.web.browser import Browser, Reading, signed_in


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


async def test_a_letter_is_looked_at_with_its_picture(world: World) -> None:
    letter = await issued(world)
    viewer = await signed_in(world, Role.VIEWER)
    assert f"/ui/letters/{letter.reference}" in (await viewer.read("/ui/letters")).links
    page = await viewer.get(f"/ui/letters/{letter.reference}")
    assert f'<img src="/ui/letters/{letter.reference}/picture"' in page.text
    assert f'alt="First page of the signed letter {letter.reference}: ' in page.text
    assert f"/loa/{letter.reference}" in Reading(page.text).links
    for path in ("/ui/letters", "/loa"):
        picture = await viewer.get(f"{path}/{letter.reference}/picture")
        assert picture.content.startswith(b"\x89PNG")
        assert picture.headers["content-type"] == "image/png"
        assert picture.headers["cache-control"] == "private, no-store"
        assert picture.headers["content-security-policy"] == POLICY
    public = await world.client.get(f"/loa/{letter.reference}", headers={"accept": "text/html"})
    assert f'<img src="{letter.reference}/picture"' in public.text
    for nothing in ("0" * 32, "x"):
        answer = await world.client.get(f"/loa/{nothing}/picture")
        assert answer.status_code == 404


async def test_where_no_picture_can_be_made_the_letter_is_there(world: World) -> None:
    letter = await issued(world)
    backend = replace(world.backend, letter_pictures=ChildLetterPictures(python="/bin/false"))
    app = create_application(replace(backend, metrics=CollectorRegistry()))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://byoip.test") as client:
        viewer = await signed_in(replace(world, client=client), Role.VIEWER)
        for path in ("/ui/letters", "/loa"):
            page = await viewer.get(f"{path}/{letter.reference}", headers={"accept": "text/html"})
            assert page.status_code == 200
            assert "where this is read in place of a picture, none can be made" in page.text
            assert letter.sha256 in page.text
            picture = await viewer.get(f"{path}/{letter.reference}/picture")
            assert picture.status_code == 404
            assert "There is no picture of this letter at present" in picture.text


async def test_a_letter_that_holds_no_longer_has_no_picture_for_all(world: World) -> None:
    """By itself it would look as if it held."""
    letter = await issued(world)
    await saved(world, letter.revoke(RevokedBecause.OPERATOR, world.clock.now()))
    public = await world.client.get(f"/loa/{letter.reference}", headers={"accept": "text/html"})
    assert "<img" not in public.text
    assert (await world.client.get(f"/loa/{letter.reference}/picture")).status_code == 404
    viewer = await signed_in(world, Role.VIEWER)
    assert (await viewer.get(f"/ui/letters/{letter.reference}/picture")).status_code == 200


async def test_a_page_waits_for_no_picture_and_a_picture_keeps_no_strangers_turn(
    world: World,
) -> None:
    letter = await issued(world)
    waits, met = asyncio.Event(), asyncio.Barrier(5)

    class Endless:
        async def first_page(self, *_: object) -> bytes | None:
            await met.wait()
            await waits.wait()
            return None

    backend = replace(world.backend, letter_pictures=Endless(), metrics=CollectorRegistry())
    transport = httpx.ASGITransport(create_application(backend))
    async with httpx.AsyncClient(transport=transport, base_url="http://byoip.test") as client:
        public = f"/loa/{letter.reference}"
        asking = [asyncio.create_task(client.get(f"{public}/picture")) for _ in range(4)]
        async with asyncio.timeout(60):
            await met.wait()
        viewer = await signed_in(replace(world, client=client), Role.VIEWER)  # by a new link
        for page in (f"/ui/letters/{letter.reference}", public):
            answer = await viewer.get(page, headers={"accept": "text/html"})
            assert answer.status_code == 200
        waits.set()
        assert [one.status_code for one in await asyncio.gather(*asking)] == [404] * 4


async def test_a_picture_that_was_made_is_still_only_theirs(world: World) -> None:
    """Kept in this process by its document, and asked for by who may not have that."""
    letter = await issued(world)
    path = f"/ui/letters/{letter.reference}/picture"
    viewer = await signed_in(world, Role.VIEWER)
    assert (await viewer.get(path)).status_code == 200
    stranger = await signed_in(world, account_id=world.other_account_id)
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.get(path.removesuffix("/picture"))).status_code == 404
    assert (await Browser(world.client).get(path)).status_code == 303


async def test_a_letter_of_the_account_before_has_no_picture(world: World) -> None:
    """The prefix has moved: the document is theirs who had it, and the page still answers."""
    letter = await issued(world)
    to, terms = world.other_account_id, world.backend.terms
    async with world.store.transaction(actor=BY) as tx:
        await moves.move_on_word(tx, letter.claim_id, to_account_id=to, reason="Sold.", terms=terms)
    public = await world.client.get(f"/loa/{letter.reference}", headers={"accept": "text/html"})
    assert public.status_code == 200
    assert "There is no picture of the document" in public.text
    assert (await world.client.get(f"/loa/{letter.reference}/picture")).status_code == 404
    new = await signed_in(world, account_id=to)
    shown = await new.read("/ui/letters")
    assert "of the account before" in shown.text
    assert f"/ui/letters/{letter.reference}" not in shown.links
    assert (await new.get(f"/ui/letters/{letter.reference}/picture")).status_code == 404
