"""A speaker and a router beside byoip's containers, as an operator adds them: an override file.

The speaker has the configuration that the manual gives operators. The router notes when each route
came, so a route that was gone for a moment, or sent again, shows.
"""

import json
from pathlib import Path
from typing import Any

from tests.real.gobgpd import sample_config

SPEAKER, ROUTER = "10.98.0.250", "10.98.0.251"
CONTROL = "/run/bird.ctl"  # of BIRD, in its container
OVERRIDE = f"""
networks:
  default: {{ ipam: {{ config: [subnet: 10.98.0.0/24] }} }}
services:
  gobgp:
    image: routers:test
    command: gobgpd -t json -f /etc/routers/gobgpd.json --api-hosts 0.0.0.0:50051 --graceful-restart
    networks: {{ default: {{ ipv4_address: {SPEAKER} }} }}
    restart: unless-stopped
    volumes: [./routers:/etc/routers:ro]
  bird:
    image: routers:test
    command: bird -f -c /etc/routers/bird.conf -s {CONTROL}
    networks: {{ default: {{ ipv4_address: {ROUTER} }} }}
    restart: unless-stopped
    volumes: [./routers:/etc/routers:ro]
"""
SETTINGS = """
[[speakers]]
name = "one"
address = "gobgp:50051"
"""
PLAINTEXT = "plaintext = true\n"  # the version before knows no such word, and asks for none
_BIRD = f"""
timeformat route iso long ms;
router id {ROUTER};
protocol device {{ }}
protocol bgp one {{
  local {ROUTER} as 64501;
  neighbor {SPEAKER} as 64500;
  connect delay time 1; connect retry time 1; error wait time 1, 1;
  ipv4 {{ import all; export none; }};
  ipv6 {{ import all; export none; }};
}}
"""


def lay(folder: Path) -> None:
    """Write the override file and what its services read."""
    (folder / "docker-compose.override.yml").write_text(OVERRIDE)
    made = folder / "routers"
    made.mkdir()
    (made / "bird.conf").write_text(_BIRD)
    (made / "gobgpd.json").write_text(json.dumps(_gobgpd()))


def _gobgpd() -> dict[str, Any]:
    sample = sample_config()
    settings = sample["global"]["config"]
    settings |= {"router-id": SPEAKER, "local-address-list": [SPEAKER]}
    (neighbour,) = sample["neighbors"]
    neighbour["config"]["neighbor-address"] = ROUTER
    neighbour["transport"]["config"]["local-address"] = SPEAKER
    return sample
