"""What /docs and /docs/operator show: two views of the one document, with samples to copy."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from byoip.api.document.areas import tags_of
from byoip.api.document.getting_started import CUSTOMER, OPERATOR

_OPERATORS = "/client/v4/operator"
_JSON = "application/json"
_METHODS = ("get", "post", "put", "patch", "delete")


class View(StrEnum):
    """Whose operations it shows."""

    CUSTOMER = "customer"
    OPERATOR = "operator"


def view(document: Mapping[str, Any], whose: View) -> dict[str, Any]:
    """The document with the operations of these readers, each with samples.

    The schemas are those of the whole document.
    """
    operators = whose is View.OPERATOR
    paths = {
        path: {
            method: _with_samples(document, path, method, told) if method in _METHODS else told
            for method, told in item.items()
        }
        for path, item in document["paths"].items()
        if path.startswith(_OPERATORS) is operators
    }
    start = OPERATOR if operators else CUSTOMER
    info = document["info"]
    about = f"{info['description']}\n\n{start.replace('SERVER', _server(document))}"
    shown = {**document, "info": {**info, "description": about}, "paths": paths}
    shown["tags"] = tags_of(paths)
    if operators:
        shown.pop("webhooks")  # they are sent to customers
    return shown


def _with_samples(
    document: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any]
) -> dict[str, Any]:
    samples = code_samples(_server(document) + path, method, _body(document, operation))
    shown = "\n\n".join(
        f"{one['label']}:\n\n```{one['lang'].lower()}\n{one['source']}\n```" for one in samples
    )
    told = f"{operation.get('description', '')}\n\n{shown}".strip()
    return {**operation, "description": told, "x-codeSamples": samples}


def code_samples(url: str, method: str, body: str | None) -> list[dict[str, str]]:
    """The request as curl, Python and TypeScript send it; ids stand in braces, to be filled in."""
    verb = method.upper()
    curl = f"curl -X {verb} '{url}' \\\n  -H \"Authorization: Bearer $BYOIP_TOKEN\""
    python = [f'    "{verb}",', f'    "{url}",', "    headers={", _PYTHON_TOKEN, "    },"]
    script = [f"  method: '{verb}',", "  headers: {", _SCRIPT_TOKEN, "  },"]
    if body is not None:
        quoted = body.replace("'", "'\\''")
        curl += f" \\\n  -H 'Content-Type: {_JSON}' \\\n  -d '{quoted}'"
        python = [*python[:-1], f'        "Content-Type": "{_JSON}",', "    },"]
        python.append(f"    content={body!r},")
        script = [*script[:-1], f"    'Content-Type': '{_JSON}',", "  },"]
        script.append(f"  body: JSON.stringify({body}),")
    return [
        {"lang": "Shell", "label": "curl", "source": curl},
        {
            "lang": "Python",
            "label": "Python",
            "source": "\n".join(
                ("import os", "", "import httpx", "", "answer = httpx.request(", *python, ")")
            ),
        },
        {
            "lang": "TypeScript",
            "label": "TypeScript",
            "source": "\n".join((f"const answer = await fetch('{url}', {{", *script, "});")),
        },
    ]


_PYTHON_TOKEN = '        "Authorization": f"Bearer {os.environ[\'BYOIP_TOKEN\']}",'  # noqa: S105 - where to read it
_SCRIPT_TOKEN = "    Authorization: `Bearer ${process.env.BYOIP_TOKEN}`,"  # noqa: S105


def _server(document: Mapping[str, Any]) -> str:
    servers = document.get("servers") or [{"url": ""}]
    return str(servers[0]["url"]).rstrip("/")


def _body(document: Mapping[str, Any], operation: Mapping[str, Any]) -> str | None:
    """The first example of what the request's body may be, as JSON in one line."""
    content = operation.get("requestBody", {}).get("content", {}).get(_JSON)
    if content is None:
        return None
    schema = content["schema"]
    named = schema.get("$ref", "").rpartition("/")[2]
    examples = document["components"]["schemas"].get(named, schema).get("examples", [{}])
    return json.dumps(examples[0], ensure_ascii=False)
