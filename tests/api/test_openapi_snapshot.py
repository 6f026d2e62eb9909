"""The contract is in the repository: a change to it shows in review.

`WRITE_GOLDEN=1 make test PYTEST_ARGS=tests/api/test_openapi_snapshot.py` writes it.
"""

import json
import os
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parents[1] / "golden" / "openapi.json"


def test_the_document_is_the_one_in_the_repository(document: dict[str, Any]) -> None:
    if os.environ.get("WRITE_GOLDEN"):
        GOLDEN.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    kept = json.loads(GOLDEN.read_text())
    for path, item in document["paths"].items():  # the part that changed, not all of it
        assert item == kept["paths"].get(path), f"{path}: see the top of {Path(__file__).name}"
    assert document == kept
