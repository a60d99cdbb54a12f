"""Many clients at once, each asking again as soon as it is answered: what every answer took. Reads a plan, prints JSON.

    python bench/server_load.py < plan.json

Speaks just enough HTTP/1.1, on sockets of its own, that it takes little of the processor that the servers need.
"""

import asyncio
import json
import random
import sys
import time
from typing import NamedTuple

import msgspec


class Request(msgspec.Struct):
    """What is asked: the whole of it but for the address."""

    method: str
    path: str
    body: str = ""


class Plan(msgspec.Struct):
    """Who asks whom for how long. mix: how often each question is asked; requests: its forms, of which one is drawn."""

    ports: list[int]
    clients: int
    seconds: float
    mix: dict[str, float]
    requests: dict[str, list[Request]]
    headers: dict[str, str]


class Taken(NamedTuple):
    """Seconds that answers took by question, and the answers that were no success."""

    seconds: dict[str, list[float]]
    errors: list[str]


async def _client(plan: Plan, number: int, until: float, taken: Taken) -> None:
    chance = random.Random(number)
    names, weights = list(plan.mix), list(plan.mix.values())
    reader, writer = await asyncio.open_connection("127.0.0.1", plan.ports[number % len(plan.ports)], limit=1 << 26)
    try:
        while time.perf_counter() < until:
            (name,) = chance.choices(names, weights)
            sent = _bytes(plan, chance.choice(plan.requests[name]))
            start = time.perf_counter()
            writer.write(sent)
            status, body = await _answer(reader)
            taken.seconds[name].append(time.perf_counter() - start)
            if not 200 <= status < 300:
                taken.errors.append(f"{name}: {status} {body[:300].decode(errors='replace')}")
    except (OSError, asyncio.IncompleteReadError) as error:
        taken.errors.append(f"connection: {error!r}")
    finally:
        writer.close()


def _bytes(plan: Plan, wanted: Request) -> bytes:
    body = wanted.body.encode()
    fields = {"Host": "127.0.0.1", "Content-Type": "application/json", "Content-Length": str(len(body)), **plan.headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{wanted.method} {wanted.path} HTTP/1.1\r\n{head}\r\n".encode() + body


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head[9:12])
    _, found, rest = head.partition(b"\r\ncontent-length:")
    if found:
        return status, await reader.readexactly(int(rest.partition(b"\r\n")[0]))
    if b"\r\ntransfer-encoding: chunked" not in head:
        return status, b""
    pieces = []
    while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
        pieces.append((await reader.readexactly(size + 2))[:-2])
    await reader.readexactly(2)
    return status, b"".join(pieces)


async def _run(plan: Plan) -> Taken:
    taken = Taken({name: [] for name in plan.mix}, [])
    until = time.perf_counter() + plan.seconds
    await asyncio.gather(*(_client(plan, number, until, taken) for number in range(plan.clients)))
    return taken


if __name__ == "__main__":
    found = asyncio.run(_run(msgspec.json.decode(sys.stdin.buffer.read(), type=Plan)))
    json.dump(found._asdict(), sys.stdout)
