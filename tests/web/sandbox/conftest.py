"""Fixtures: the pages on a database of the test's own."""

from tests.web.conftest import database_url, document, engine, judge, operator, world

__all__ = ["database_url", "document", "engine", "judge", "operator", "world"]  # fixtures
