"""Webhooks 1: which URLs a customer may name, by their text."""

import pytest

from byoip.domain.hooks.destination import Destination, DestinationRules, WebhookUrlRefused

PRODUCTION = DestinationRules()


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.net/",
        "ftp://hooks.example.net/",
        "hooks.example.net/",
        "https:hooks.example.net/",
        "https:///x",
        "https://",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://127.0.1/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://017700000001/",
        "https://1.2.3.0x4/",
        "https://①②⑦.0.0.1/",
        "https://127。0。0。1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::1%25lo]/",
        "https://localhost/",
        "https://hooks/",
        "https://hooks./",
        "https://.example.net/",
        "https://hooks..example.net/",
        "https://-hooks.example.net/",
        f"https://{'a' * 64}.example.net/",
        f"https://{'a.' * 127}net/",
        "https://user@hooks.example.net/",
        "https://user:secret@hooks.example.net/",
        "https://@hooks.example.net/",
        "https://hooks.example\\@127.0.0.1/",
        "https://hooks.example.net\\.evil.net/",
        "https://hooks.example.net:22/",
        "https://hooks.example.net:8443/",
        "https://hooks.example.net:0/",
        "https://hooks.example.net:65536/",
        "https://hooks.example.net:-1/",
        "https://hooks.example.net:x/",
        "https://hooks.example.net/#part",
        "https://hooks.example.net/ x",
        "https://hooks.example.net/\r\nhost: x",
        "https://hooks.exa\tmple.net/",
        " https://hooks.example.net/",
        "https://hooks.example.net/\0",
        "https://hooks.example.net/é",
        f"https://hooks.example.net/{'x' * 2048}",
        "",
    ],
)
def test_a_url_that_nothing_is_sent_to(url: str) -> None:
    with pytest.raises(WebhookUrlRefused):
        Destination.parse(url, PRODUCTION)


@pytest.mark.parametrize(
    ("url", "host", "port", "target"),
    [
        ("https://hooks.example.net", "hooks.example.net", 443, "/"),
        ("https://Hooks.Example.NET/a?b=c&d", "hooks.example.net", 443, "/a?b=c&d"),
        ("https://hooks.example.net./a", "hooks.example.net", 443, "/a"),
        ("https://hooks.example.net:443/%2e%2e", "hooks.example.net", 443, "/%2e%2e"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", 443, "/"),
        ("https://1-2.example.net?x", "1-2.example.net", 443, "/?x"),
    ],
)
def test_what_is_read_out_of_a_url(url: str, host: str, port: int, target: str) -> None:
    made = Destination.parse(url, PRODUCTION)
    assert (made.host, made.port, made.target, made.address) == (host, port, target, None)


def test_other_ports_and_a_sandbox_are_the_operators_word() -> None:
    Destination.parse("https://hooks.example.net:8443/", DestinationRules(frozenset({8443})))
    sandbox = DestinationRules(frozenset(), plain=True)
    made = Destination.parse("http://127.0.0.1:9000/x", sandbox)
    assert (made.scheme, made.host, made.port) == ("http", "127.0.0.1", 9000)
    assert Destination.parse("http://[::1]:9000/", sandbox).host == "::1"
    with pytest.raises(WebhookUrlRefused):
        Destination.parse("http://127.1:9000/", sandbox)
