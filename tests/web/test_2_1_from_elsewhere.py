"""Forms of other sites, plain HTTP, and forms that are none of ours."""

import pytest

from byoip.web.origins import own_origin
from byoip.web.site import NotServed
from tests.api.world import World
from tests.web.browser import FORM, Browser, link_for, signed_in


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "same-origin"}, 303),
        ({"sec-fetch-site": "none"}, 303),
        ({"sec-fetch-site": "same-site"}, 403),  # another port of the same host
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "nonsense"}, 403),
        ({"sec-fetch-site": "cross-site", "origin": "http://localhost"}, 403),
        ({"origin": "http://localhost"}, 303),
        ({"origin": "http://localhost:81"}, 403),
        ({"origin": "https://localhost"}, 403),
        ({"origin": "http://evil.test"}, 403),
        ({"origin": "null"}, 403),
        ({}, 403),
    ],
)
async def test_who_may_send_a_form(world: World, headers: dict[str, str], status: int) -> None:
    _, code = await link_for(world)
    answer = await Browser(world.client).ask(
        "POST", "/ui/enter", data={"code": code}, headers=headers
    )
    assert answer.status_code == status
    inside = await signed_in(world)
    answer = await inside.ask("POST", "/ui/leave", headers={**FORM, **headers})
    assert answer.status_code == status
    still = (await inside.get("/ui/sessions")).status_code
    assert still == (200 if status == 403 else 303)


@pytest.mark.parametrize(
    ("public", "scheme", "host", "origin"),
    [
        ("https://byoip.example", "http", "byoip.example", "https://byoip.example"),
        ("https://byoip.example", "http", "BYOIP.example", "https://byoip.example"),
        ("https://byoip.example", "http", "byoip.example:8000", None),
        ("https://byoip.example", "http", "192.0.2.1", None),
        ("https://byoip.example", "https", "other.example", "https://other.example"),
        ("http://byoip.example", "http", "byoip.example", None),
        ("http://byoip.example", "http", "localhost:8080", "http://localhost:8080"),
        ("http://byoip.example", "http", "127.0.0.1", "http://127.0.0.1"),
        ("http://byoip.example", "http", "[::1]:80", "http://[::1]:80"),
        ("http://byoip.example", "http", "localhost.evil.test", None),
        ("http://byoip.example", "http", "evil.test:80@localhost", None),
        ("http://byoip.example", "http", "[", None),
        ("http://byoip.example", "http", "", None),
    ],
)
def test_plain_http_is_for_this_machine_alone(
    public: str, scheme: str, host: str, origin: str | None
) -> None:
    if origin is None:
        with pytest.raises(NotServed, match="plain HTTP"):
            own_origin(public, scheme, [host])
    else:
        assert own_origin(public, scheme, [host]) == origin


async def test_over_plain_http_nobody_signs_in_and_a_sentence_says_so(world: World) -> None:
    _, code = await link_for(world)
    for method in ("GET", "POST"):
        answer = await world.client.request(
            method,
            "http://byoip.test/ui/enter",
            data={"code": code} if method == "POST" else None,
            headers={"sec-fetch-site": "same-origin"},
        )
        assert answer.status_code == 403
        assert "Nobody signs in here over plain HTTP" in answer.text
    assert (await Browser(world.client).enter(code)).status_code == 303


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"code=1&code=2", "application/x-www-form-urlencoded", 400),
        (b"a=1&" * 40, "application/x-www-form-urlencoded", 400),
        (b"\xff\xfe", "application/x-www-form-urlencoded", 400),
        (b"{}", "application/json", 415),
        (b"--x--", "multipart/form-data; boundary=x", 415),
        (b"", "", 415),
        (b"code=" + b"a" * 70_000, "application/x-www-form-urlencoded", 413),
        (b"code=%00%ff%ed%a0%80", "application/x-www-form-urlencoded", 403),
    ],
)
async def test_what_is_no_form_of_ours_is_refused(
    world: World, content: bytes, kind: str, status: int
) -> None:
    headers = {"content-type": kind, "sec-fetch-site": "same-origin", "host": "localhost"}
    answer = await world.client.post("/ui/enter", content=content, headers=headers)
    assert answer.status_code == status
    assert "<h1>" in answer.text


@pytest.mark.parametrize("key", ["", "x", "0" * 31, "G" * 32])
async def test_a_form_without_our_key_does_nothing(world: World, key: str) -> None:
    admin = await signed_in(world)
    form = await admin.form("/ui/people", "/ui/people")
    answer = await admin.send(form, key=key, name="Eve", role="viewer")
    assert answer.status_code == 400
    assert "Eve" not in (await admin.read("/ui/people")).text


async def test_every_page_below_ui_is_kept_by_no_cache_and_framed_by_nobody(world: World) -> None:
    browser = await signed_in(world)
    for path in ("/ui/enter", "/ui/sessions", "/ui/people", "/ui/nowhere"):
        answer = await browser.get(path)
        assert answer.headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    part = await Browser(world.client).get("/ui/prefixes/part")
    assert (part.status_code, part.content) == (401, b"")
    assert part.headers["cache-control"] == "no-store"
