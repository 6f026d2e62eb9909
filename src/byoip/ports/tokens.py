"""Random values, so that tests can know them."""

from typing import Protocol


class TokenMint(Protocol):
    """Where unguessable values come from."""

    def mint(self) -> str:
        """A fresh value of at least 128 random bits, in lowercase hex."""
        ...
