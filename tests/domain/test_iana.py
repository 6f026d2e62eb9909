from itertools import pairwise

import pytest

from byoip.domain.checks.iana import BLOCKS, registry_hint
from byoip.domain.special_purpose import IPV6_UNICAST
from tests.domain.samples import prefix


@pytest.mark.parametrize(
    ("cidr", "registry"),
    [
        pytest.param("1.0.0.0/8", "apnic", id="a-whole-block"),
        pytest.param("41.1.0.0/16", "afrinic", id="inside-a-block"),
        pytest.param("8.8.8.0/24", "arin", id="legacy"),
        pytest.param("25.0.0.0/8", "ripencc", id="legacy-administered-by-ripe-ncc"),
        pytest.param("191.0.0.0/12", "lacnic", id="lacnic"),
        pytest.param("2001:db8::/32", "apnic", id="documentation-stands-in-apnics-block"),
        pytest.param("2001:610::/32", "ripencc", id="v6-small-block"),
        pytest.param("2c0f:f248::/32", "afrinic", id="v6"),
        pytest.param("2400::/12", "apnic", id="v6-whole-block"),
        pytest.param("2001::/16", None, id="wider-than-a-block"),
        pytest.param("10.0.0.0/8", None, id="private"),
        pytest.param("240.0.0.0/8", None, id="reserved"),
        pytest.param("2d00::/16", None, id="v6-reserved"),
    ],
)
def test_the_registry_of_a_block_is_that_of_everything_inside(
    cidr: str, registry: str | None
) -> None:
    assert registry_hint(prefix(cidr)) == registry


def test_no_two_blocks_overlap() -> None:
    ordered = [block for block, _ in BLOCKS]

    assert not [one for one, after in pairwise(ordered) if one.overlaps(after)]


def test_the_table_is_whole() -> None:
    ipv4 = [block for block, _ in BLOCKS if block.family == 4]
    ipv6 = [block for block, _ in BLOCKS if block.family == 6]

    assert len(ipv4) == 221  # all but 0, 10, 127 and 224 to 255
    assert {block.length for block in ipv4} == {8}
    assert len(ipv6) == 33
    assert all(block.network.subnet_of(IPV6_UNICAST) for block in ipv6)  # type: ignore[arg-type] # IPv6
    assert {registry for _, registry in BLOCKS} == {"afrinic", "apnic", "arin", "lacnic", "ripencc"}
