"""The sandbox's hand on ownership tokens: an end that would take days comes now."""

from byoip.store.transaction import Store


class SandboxTokens:
    """Ends tokens in the service's database, which must be a sandbox's."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def expire(self, value: str) -> bool:
        """End the time of the token of this value; False: none in force has it."""
        async with self._store.transaction() as tx:
            return await tx.tokens.expire(value)
