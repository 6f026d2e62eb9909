"""Page, 2.2: the last operator who can act is neither demoted nor removed."""

import re

import pytest

from tests.web.sign_in.elsewhere import Elsewhere


async def test_2_2_the_last_operator_is_not_demoted_by_groups(elsewhere: Elsewhere) -> None:
    browser = await elsewhere.signed_in("grace")
    elsewhere.provider.tell(users={"grace": {"sub": "u-1", "name": "G", "groups": ["noc-viewers"]}})
    answer = await elsewhere.came(elsewhere.browser(), "grace")
    assert answer.status_code == 409
    assert "last person with the role operator" in answer.text
    assert (await browser.get("/ui/noc")).status_code == 200


@pytest.mark.parametrize("by", ["groups", "page"])
async def test_2_2_an_operator_whom_groups_keep_out_is_not_another_one(
    elsewhere: Elsewhere, by: str
) -> None:
    """The role stays noted of whom no group lets in: nobody would be able to let others in."""
    hal = {"sub": "u-9", "name": "Hal", "groups": ["noc"]}
    elsewhere.provider.tell(users={"hal": hal})
    grace = await elsewhere.signed_in("grace")
    await elsewhere.signed_in("hal")
    elsewhere.provider.tell(users={"hal": {**hal, "groups": []}})
    assert (await elsewhere.came(elsewhere.browser(), "hal")).status_code == 403
    if by == "page":
        found = await grace.get("/ui/people")
        [page] = re.findall('href="(/ui/people/[0-9a-f]{32})" aria-label="Change Grace', found.text)
        answer = await grace.send(await grace.form(page, "/remove"), reason="test")
    else:
        users = {"grace": {"sub": "u-1", "name": "G", "groups": ["noc-viewers"]}}
        elsewhere.provider.tell(users=users)
        answer = await elsewhere.came(elsewhere.browser(), "grace")
    assert answer.status_code == 409
    assert "last person with the role operator" in answer.text
    assert (await grace.get("/ui/noc")).status_code == 200
