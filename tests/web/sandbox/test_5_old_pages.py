"""Page, 5: what an old page of a prefix printed is not published."""

from byoip.domain.accounts.people import Role
from byoip.sandbox.internet import SandboxInternet
from tests.api.world import World
from tests.web.browser import Reading, signed_in
from tests.web.sandbox.test_5_tenancy import here, internet

__all__ = ["here", "internet"]  # fixtures


async def test_5_an_old_page_of_a_prefix_publishes_nothing(
    here: World, internet: SandboxInternet
) -> None:
    browser = await signed_in(here, Role.EDITOR)
    page = f"/ui/prefixes/{(await here.prefix())['id']}"
    old = await browser.form(page, "/publish/rdns")
    await browser.send(await browser.form(page, "/check"))
    await here.result("PATCH", page.removeprefix("/ui"), json={"description": "Another page."})
    answer = await browser.send(old)
    assert answer.status_code == 412
    name = "byoip-validation.0.0.31.in-addr.arpa."
    assert not internet.names.delete_txt(name)  # there was none
    assert "description was empty, is Another page." in Reading(answer.text).text
    now = await browser.form(page, "/publish/rdns")
    answer = await browser.send(now)
    assert answer.headers["location"] == f"{page}?done=published"
    assert (await browser.send(now)).headers["location"] == f"{page}?done=published"  # twice
    assert internet.names.delete_txt(name)
    unversioned = {name: value for name, value in now.fields.items() if name != "version"}
    assert (await browser.post(now.action, {**unversioned, "version": "x"})).status_code == 400
