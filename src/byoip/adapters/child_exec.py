"""Become another program that does not outlive its parent.

`child_process.guarded` runs this file by its path with `python -I -S`: the standard library only,
about 20 ms. Arguments: the parent's pid, the signal to receive when it dies, the account to drop to
("-" keeps ours), then the program's path and its arguments. After the drop nothing is imported any
more: the account may not be able to read this Python's library.
"""

import ctypes
import os
import pwd
import sys

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def drop_to(account_name: str) -> None:
    """Give up root, supplementary groups first: afterwards we no longer may."""
    account = pwd.getpwnam(account_name)
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)


def die_with_parent(parent: int, death_signal: int) -> None:
    """Ask Linux for `death_signal` when the thread that started us ends; elsewhere only check."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(death_signal)) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    # A parent that died before the call above sends nothing: then we already have another one.
    if os.getppid() != parent:
        sys.exit("the parent is gone; not starting")


def main(parent: str, death_signal: str, account_name: str, *argv: str) -> None:
    """Drop, arm, check, exec; in this order, because a change of user disarms (prctl(2))."""
    os.setsid()  # Ctrl-C in the terminal is for the parent, which stops its children in order
    if account_name != "-":
        drop_to(account_name)
    die_with_parent(int(parent), int(death_signal))
    os.execv(argv[0], argv)  # noqa: S606 - an argument list without a shell is the point


if __name__ == "__main__":
    main(*sys.argv[1:])
