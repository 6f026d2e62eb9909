"""What the numbers were measured on: without it they say nothing."""

import os
import platform
from pathlib import Path

import psycopg


def machine(server_url: str) -> str:
    """Cores, memory, Python and Postgres, and how busy the machine was with other things."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    with psycopg.connect(server_url) as connection:
        version = connection.execute("SHOW server_version").fetchone()
        durable = connection.execute("SHOW fsync").fetchone()
    assert version
    assert durable
    return (
        f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GB, {platform.system()}, "
        f"Python {platform.python_version()}, Postgres {version[0].split()[0]} "
        f"(fsync {durable[0]}), load before the start {os.getloadavg()[0]:.1f}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()
