"""Python clients that others' generators make of our document."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.clients.parts import HERE, TOOLS, Part, require
from tests.clients.stories import Tell, run

pytestmark = pytest.mark.real


def test_the_client_of_openapi_python_client_type_checks_and_goes_the_whole_way(
    document: Path, tell: Tell, tmp_path: Path
) -> None:
    require(Part.TOOLS)
    generator, package = TOOLS / "openapi-python-client", tmp_path / "byoip_client"
    configured = tmp_path / "configuration.yml"
    # Without its hooks: they call ruff, which would bring rules of its own. PDF is read as bytes.
    settings = {
        "post_hooks": [],
        "content_type_overrides": {
            "application/pdf": "application/octet-stream",
            "application/x-ndjson": "application/octet-stream",
        },
    }
    configured.write_text(json.dumps(settings))  # JSON is YAML
    run(
        *(generator, "generate", "--config", configured, "--path", document),
        *("--meta", "none", "--output-path", package, "--fail-on-warning"),
    )
    story = shutil.copy(HERE / "python" / "generated.py", tmp_path)
    checked = ("--strict", "--config-file=", "--python-executable", TOOLS / "python")
    run(sys.executable, "-m", "mypy", *checked, package, story, cwd=tmp_path)
    told = tell(64).write(tmp_path)
    assert run(TOOLS / "python", "-W", "error", story, told, cwd=tmp_path) == "done\n"


def test_the_client_of_openapi_generator_imports_and_reads_our_answers(
    document: Path, tmp_path: Path
) -> None:
    require(Part.TOOLS, Part.JAVA)
    generator = TOOLS / "openapi-generator-cli"
    wanted = "models,apis,supportingFiles,modelTests=false,apiTests=false,modelDocs=false"
    run(
        *(generator, "generate", "-g", "python", "-i", document, "-o", tmp_path),
        *("--package-name", "byoip_generator"),
        *("--global-property", f"{wanted},apiDocs=false"),
    )
    story = shutil.copy(HERE / "python" / "importing.py", tmp_path)
    assert run(TOOLS / "python", "-W", "error", story, document, cwd=tmp_path) == "done\n"
