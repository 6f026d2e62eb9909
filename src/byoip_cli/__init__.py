"""The command `byoip`, a package of its own: it speaks HTTP, and imports nothing of the service."""

__version__ = "0.1.0"  # that of the service, which plugs its own commands in
