"""Statements are compiled when they are first run: here all of them are, so that none is wrong."""

import gc
import pkgutil
from importlib import import_module

from byoip import store
from byoip.store.statements import Statement


def test_every_statement_compiles() -> None:
    for found in pkgutil.walk_packages(store.__path__, f"{store.__name__}."):
        import_module(found.name)
    statements = [one for one in gc.get_objects() if isinstance(one, Statement)]
    assert len(statements) > 200
    assert all(one.text and isinstance(one.values, dict) for one in statements)
