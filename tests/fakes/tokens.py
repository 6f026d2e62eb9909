"""The in-memory twin of `TokenMint`."""

from secrets import token_hex


class RandomHex:
    """Mints what the real one mints: tests never rest on the value."""

    def mint(self) -> str:
        return token_hex(16)
