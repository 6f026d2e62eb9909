"""Statements are compiled when they are first run: here all of them are, so that none is wrong."""

import pkgutil
from importlib import import_module

from byoip import store
from byoip.store.statements import Statement


def test_every_statement_compiles() -> None:
    names = [one.name for one in pkgutil.walk_packages(store.__path__, f"{store.__name__}.")]
    statements = [
        value
        for name in names
        for value in vars(import_module(name)).values()
        if isinstance(value, Statement)
    ]
    assert len(statements) > 200
    assert all(one.text and isinstance(one.values, dict) for one in statements)
