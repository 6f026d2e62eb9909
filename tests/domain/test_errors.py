import importlib
import pkgutil
import re

import byoip.domain
from byoip.domain.errors import Refusal

for _module in pkgutil.iter_modules(byoip.domain.__path__):
    importlib.import_module(f"byoip.domain.{_module.name}")


def test_every_refusal_has_a_name_of_its_own() -> None:
    names = [refusal.name for refusal in Refusal.__subclasses__()]

    assert len(names) > 20
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names)


def test_a_refusal_carries_its_facts() -> None:
    class Busy(Refusal):
        name = "busy"

    refusal = Busy("Later.", pointer="/cidr", retry_after=60)

    assert (refusal.message, refusal.pointer, refusal.retry_after) == ("Later.", "/cidr", 60)
    assert str(refusal) == "Later."
    assert (Busy("Now.").pointer, Busy("Now.").retry_after) == (None, None)
