"""Fixtures: the pages and the API on a database of the test's own."""

from tests.api.conftest import document, judge, operator, world
from tests.trust.conftest import database_url, engine

__all__ = ["database_url", "document", "engine", "judge", "operator", "world"]  # fixtures
