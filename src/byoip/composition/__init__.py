"""Plugs adapters and store into ports; the only package that knows them all."""

from byoip.composition.outside import SANDBOX_ORIGIN, Outside, outside_of, sandbox_outside
from byoip.composition.process import Composition
from byoip.composition.speaking import reconciler_of

__all__ = [
    "SANDBOX_ORIGIN",
    "Composition",
    "Outside",
    "outside_of",
    "reconciler_of",
    "sandbox_outside",
]
