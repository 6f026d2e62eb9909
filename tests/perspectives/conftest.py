from tests.usecases.conftest import database_url, world, world_engine

__all__ = ["database_url", "world", "world_engine"]  # fixtures
