"""Random values of the operating system."""

import secrets

_BYTES = 16  # 128 bits (CA/Browser Forum Baseline Requirements, 3.2.2.4, ask for 112)


class SystemRandom:
    """The operating system's source of unguessable values."""

    def mint(self) -> str:
        """A fresh value of 128 random bits, as 32 lowercase hex digits."""
        return secrets.token_hex(_BYTES)
