"""Ship, 4: copies by a variable, a proxy that finds them by name, and ports that do not run out."""

import re
from http.client import HTTPConnection, HTTPSConnection

import pytest

from byoip.api.border import uploads
from byoip.web.people import provider
from byoip.web.people.attempts import BACK
from tests.ship.engine import REPOSITORY
from tests.ship.site import TRUSTING, Site, customer


def test_copies_are_a_variable_and_the_proxy_knows_them_by_name() -> None:
    composed = (REPOSITORY / "docker-compose.yml").read_text()
    for service in ("API", "WORKER"):
        assert f"replicas: ${{BYOIP_{service}_COPIES:-1}}" in composed
    proxy = (REPOSITORY / "haproxy.cfg").read_text()
    for backend, probe in (("ready", "/readyz"), ("alive", "/healthz")):
        section = proxy.split(f"\nbackend {backend}\n")[1].split("\n\n")[0]
        assert f"option httpchk GET {probe}" in section
        assert re.findall(r"server-template \w+ \d+ (\S+)", section) == ["api:8080"]
    assert not re.search(r"^ +server ", proxy, re.MULTILINE)


def test_the_proxy_looks_at_paths_and_clients_as_they_are() -> None:
    proxy = (REPOSITORY / "haproxy.cfg").read_text()
    assert not re.search(r"\{ path(?!,url_dec)", proxy), "%6d passes for an m"
    assert "track-sc0 src,ipmask(32,64)" in proxy, "one customer of IPv6 passes for many"
    composed = (REPOSITORY / "docker-compose.yml").read_text()
    assert not re.search(r"- '(\d+|\[.*\]):", composed), "all of IPv6 passes for one client"


def test_the_proxy_takes_the_largest_upload_that_the_api_takes() -> None:
    proxy = (REPOSITORY / "haproxy.cfg").read_text()
    (limit,) = re.findall(r"req\.body_size gt (\d+) ", proxy)
    assert int(limit) >= uploads.LARGEST_BODY


def test_no_client_of_the_proxy_uses_up_what_all_may_bring_from_the_identity_provider() -> None:
    proxy = (REPOSITORY / "haproxy.cfg").read_text()
    looked = f"src,ipmask(32,64) table brought if {{ path,url_dec -m str {BACK} }}"
    assert f"http-request track-sc1 {looked}\n" in proxy
    (most,) = re.findall(r"deny_status 429 if \{ sc1_http_req_rate\(brought\) gt (\d+) \}", proxy)
    assert "store http_req_rate(60s)\n" in proxy.split("\nbackend brought\n")[1]
    assert 4 * int(most) < provider._ASKED.per_minute, "behind the proxy all are one client"


def ports(site: Site) -> set[int]:
    shown = site.compose("ps", "--format", "{{.Publishers}}", "api")
    return {int(one) for one in re.findall(r"127\.0\.0\.1 8080 (\d+) tcp", shown)}


def status(path: str, *, tls: bool = True) -> int:
    """What the proxy answers to a path."""
    asking = HTTPSConnection("127.0.0.1", context=TRUSTING) if tls else HTTPConnection("127.0.0.1")
    asking.request("GET", path)
    answered = asking.getresponse().status
    asking.close()
    return answered


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_copies_come_and_go_behind_the_proxy(site: Site) -> None:
    site.compose("up", "--detach", "--build")
    site.settle()
    someone = customer(site)
    for _ in range(4):  # of three copies: twelve ports, if each start took others
        site.compose("restart", "--no-deps", "api")
        site.settle()
        assert len(ports(site)) == 3
        assert ports(site) <= set(range(8080, 8090))
        assert someone.ask("/services")
    site.compose("up", "--detach")
    assert len(site.running("api")) == 3, "a plain `up` scales back"

    site.compose("kill", "--signal", "KILL", "api")  # a kill by Compose: they stay down
    site.compose("start", "api")
    site.settle()
    assert someone.ask("/services")
    for path in ("/metrics", "/healthz", "/readyz", "/%6detrics", "/%72eadyz?verbose"):
        assert status(path) == 404
    assert status("/client/v4", tls=False) == 301

    site.write(BYOIP_API_PORTS="8080-8099", BYOIP_API_COPIES="11")
    site.compose("up", "--detach")
    site.until(lambda: len(ports(site)) == 11)
