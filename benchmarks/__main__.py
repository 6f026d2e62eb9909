"""`python -m benchmarks [NAME ...]`: the numbers of the README, each beside its ceiling.

Each is printed as soon as it is known. Timings never fail anything: a missed goal is a row that
says so. A benchmark that cannot be carried out does not keep the others from it, but is reported,
and makes the exit status 1.
"""

import argparse
import os
import sys
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context

from benchmarks import (
    announcing,
    commands,
    events,
    many_prefixes,
    onboarding,
    one_prefix,
    pages,
    reevaluation,
    roa_data,
    scaling,
    throughput,
    withdrawing,
)
from benchmarks.databases import Server, server
from benchmarks.edge import NotInstalled
from benchmarks.figures import Figure, Measure, markdown
from benchmarks.machine import machine

_MEASURES: dict[str, Measure] = {
    "commands": commands.measure,
    "roa-data": roa_data.measure,
    "reevaluation": reevaluation.measure,
    "one-prefix": one_prefix.measure,
    "onboarding": onboarding.measure,
    "throughput": throughput.measure,
    "events": events.measure,
    "many-prefixes": many_prefixes.measure,
    "pages": pages.measure,
    "announcing": announcing.measure,
    "withdrawing": withdrawing.measure,
    "scaling": scaling.measure,
}


_LANES = 3  # of the quick ones, most of whose time is waiting for processes to start


@dataclass
class _Run:
    """What has come out so far."""

    title: str
    figures: list[Figure] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def measure(self, name: str, on: Server, *, quick: bool) -> None:
        """Print each figure at once, and keep it for the table; whatever is wrong is told, too."""

        def tell(figure: Figure) -> None:
            self.figures.append(figure)
            print(f"{name}: {figure}", flush=True)

        started = time.monotonic()
        try:
            _MEASURES[name](on, tell, quick=quick)
        except NotInstalled as fault:
            tell(Figure(name, f"not measured: {fault}"))
            if os.environ.get("CI") == "true":  # there all must run
                self.failed.append(name)
        except Exception:  # noqa: BLE001 - whatever it is, the other benchmarks are to run
            print(f"{name}: FAILED\n{traceback.format_exc()}", flush=True)
            self.failed.append(name)
        print(f"{name}: done after {time.monotonic() - started:.0f} s", flush=True)


def _one_by_one(names: Sequence[str], *, quick: bool) -> _Run:
    with server(durable=not quick) as on:
        run = _Run(machine(on.url))
        if not quick:
            print(run.title, flush=True)
        for name in names:
            run.measure(name, on, quick=quick)
    return run


def _beside_each_other(names: Sequence[str]) -> _Run:
    """The quick ones. Processes, not threads: only main threads start byoip's programs."""
    autocommit = [names[lane::_LANES] for lane in range(min(_LANES, len(names)))]
    with ProcessPoolExecutor(len(autocommit), mp_context=get_context("fork")) as pool:
        first, *others = pool.map(partial(_one_by_one, quick=True), autocommit)
    for one in others:
        first.figures += one.figures
        first.failed += one.failed
    return first


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    arguments.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(_MEASURES)}")
    arguments.add_argument(
        "--quick", action="store_true", help="tiny sizes: whether they run, not how fast we are"
    )
    chosen = arguments.parse_args()
    names = chosen.names or list(_MEASURES)
    if unknown := set(names) - _MEASURES.keys():
        arguments.error(f"there is no {', '.join(sorted(unknown))}")
    run = _beside_each_other(names) if chosen.quick else _one_by_one(names, quick=False)
    print(f"\n{markdown(run.figures, run.title)}", flush=True)
    if run.failed:
        sys.exit(f"failed: {', '.join(run.failed)}")


if __name__ == "__main__":
    main()
