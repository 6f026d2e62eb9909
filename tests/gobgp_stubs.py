"""What protoc makes of our part of GoBGP's API; `python -m tests.regenerate` commits it."""

import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).parents[1] / "src"
PROTO = Path("byoip/adapters/gobgp/gobgp.proto")
GENERATED = (PROTO.with_name("gobgp_pb2.py"), PROTO.with_name("gobgp_pb2.pyi"))


def generate(into: Path = SOURCES) -> None:
    """Write the stubs below a directory as they lie below src, which is what they import from."""
    subprocess.run(
        [
            *(sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={SOURCES}"),
            *(f"--python_out={into}", f"--pyi_out={into}", str(PROTO)),
        ],
        check=True,
    )
