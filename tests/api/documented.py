"""Every answer a test gets is held against the OpenAPI document."""

import json
import re
from collections.abc import Mapping
from typing import Any

import httpx


class Document:
    """The OpenAPI document, as a judge of answers."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._paths: dict[re.Pattern[str], dict[str, Any]] = {
            re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)): item
            for path, item in document["paths"].items()
        }

    async def check(self, response: httpx.Response) -> None:
        """Fail on a status, or an error's name, that the operation does not document."""
        operation = self.operation(response.request.method, response.request.url.path)
        if operation is None:
            return
        documented = operation["responses"]
        status = str(response.status_code)
        assert status in documented, f"{operation['operationId']} does not document {status}"
        if status < "400":
            tagged = "etag" in documented[status].get("headers", {})
            assert ("etag" in response.headers) == tagged, f"{operation['operationId']}: ETag"
        if status >= "400":
            await response.aread()
            if response.headers["content-type"].startswith("text/html"):
                return  # the page of a letter, for people
            names = {error["name"] for error in json.loads(response.content)["errors"]}
            known = documented[status]["content"]["application/json"]["examples"]
            missing = names - set(known)
            assert not missing, f"{operation['operationId']} does not document {missing}"

    def operation(self, method: str, path: str) -> dict[str, Any] | None:
        for pattern, item in self._paths.items():
            if pattern.fullmatch(path) and method.lower() in item:
                found: dict[str, Any] = item[method.lower()]
                return found
        return None
