"""A loopback HTTP server that answers like RIPE's REST search, from given objects."""

import asyncio
import json
import ssl
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

from byoip.sandbox.irr_objects import AddressRange, HeldObject, IrrObjects

_TERMS = {"type": "locator", "href": "https://docs.db.ripe.net/terms-conditions.html"}


class RipeRestServer:
    """Answers `/search.json`; `raw`, if set, is sent instead of any answer, then the end."""

    def __init__(self) -> None:
        self.objects = IrrObjects()
        self.port = 0
        self.raw: bytes | None = None
        self.silent = False
        self.requests: list[str] = []
        self._server: asyncio.Server | None = None
        self._talking: set[asyncio.Task[None]] = set()

    async def start(self, *, tls: ssl.SSLContext | None = None) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._talking:
            task.cancel()
        await asyncio.gather(*self._talking, return_exceptions=True)
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talking.add(task)
        task.add_done_callback(self._talking.discard)
        try:
            await self._answer_one(reader, writer)
        finally:
            writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.requests.append(head)
            if self.silent:
                await asyncio.sleep(3600)
            writer.write(self.raw if self.raw is not None else self._answer(head.split()[1]))
            await writer.drain()

    def _answer(self, target: str) -> bytes:
        asked = parse_qs(urlsplit(target).query)
        objects, flags = self.objects, set(asked["flags"])
        if asked["type-filter"] == ["aut-num"]:
            found = objects.named(asked["source"][0], "aut-num", asked["query-string"][0])
            return self._told(asked["source"][0], found)
        prefix = AddressRange.parse(asked["query-string"][0])
        search = objects.smallest
        if "exact" in flags:
            search = objects.exact
        if "all-more" in flags:
            search = objects.inside
        if "all-less" in flags:
            search = objects.around
        classes = set(asked["type-filter"])
        found = [one for source in asked["source"] for one in search(source, classes, prefix)]
        return self._told(asked["source"][0], found)

    def _told(self, source: str, found: list[HeldObject]) -> bytes:
        if not found:
            return http(404, json.dumps(nothing(source)).encode())
        return http(200, json.dumps(document([one.text for one in found])).encode())


def http(status: int, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nConnection: close\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def nothing(source: str) -> dict[str, Any]:
    text = "ERROR:101: no entries found\n\nNo entries found in source %s.\n"
    return errors({"severity": "Error", "text": text, "args": [{"value": source}]})


def errors(*messages: dict[str, Any]) -> dict[str, Any]:
    return {"errormessages": {"errormessage": list(messages)}, "terms-and-conditions": _TERMS}


def document(texts: list[str]) -> dict[str, Any]:
    """The JSON of objects with `unformatted`: values as registered, line breaks included."""
    return {
        "service": {"name": "search"},
        "objects": {"object": [{"type": "route", **_described(text)} for text in texts]},
        "terms-and-conditions": _TERMS,
    }


def _described(text: str) -> dict[str, Any]:
    attributes: list[dict[str, str]] = []
    for line in text.strip("\n").split("\n"):
        if line[0] in " \t+":
            attributes[-1]["value"] += f"\n{line}"
        else:
            name, _, value = line.partition(":")
            attributes.append({"name": name, "value": value})
    return {"attributes": {"attribute": attributes}}
