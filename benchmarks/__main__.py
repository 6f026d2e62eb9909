"""`python -m benchmarks [NAME ...]`: the numbers of the README, each beside its ceiling.

Timings never fail anything: a missed goal is a row that says so.
"""

import argparse
import time

from benchmarks import (
    announcing,
    many_prefixes,
    onboarding,
    one_prefix,
    reevaluation,
    roa_data,
    throughput,
    withdrawing,
)
from benchmarks.databases import server
from benchmarks.figures import markdown, table
from benchmarks.machine import machine
from rich.console import Console

_MEASURES = {
    "roa-data": roa_data.measure,
    "reevaluation": reevaluation.measure,
    "one-prefix": one_prefix.measure,
    "onboarding": onboarding.measure,
    "throughput": throughput.measure,
    "many-prefixes": many_prefixes.measure,
    "announcing": announcing.measure,
    "withdrawing": withdrawing.measure,
}


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    arguments.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(_MEASURES)}")
    names = arguments.parse_args().names or list(_MEASURES)
    if unknown := set(names) - _MEASURES.keys():
        arguments.error(f"there is no {', '.join(sorted(unknown))}")
    console = Console()
    figures = []
    with server() as on:
        title = machine(on.url)
        console.print(title)
        for name in names:
            started = time.monotonic()
            with console.status(f"{name} ..."):
                figures += _MEASURES[name](on)
            console.print(f"{name}: {time.monotonic() - started:.0f} s")
    console.print(table(figures, title))
    print(f"\n{markdown(figures, title)}")


if __name__ == "__main__":
    main()
