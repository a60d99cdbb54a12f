"""What was kept of layers already read: a cache, bounded by size, that may be emptied at any time."""

from collections.abc import Iterable

from envscout.store.database import Connection, queries

_SQL = queries("layers")


def get(connection: Connection, digest: str, tools: str) -> bytes | None:
    """Return what these tools kept of a layer, None if it is not known."""
    row = connection.execute(_SQL["layer"], (digest, tools)).fetchone()
    return bytes(row[0]) if row else None


def put(connection: Connection, layers: Iterable[tuple[str, bytes]], tools: str, at: int) -> None:
    """Keep layers, given as digest and bytes."""
    rows = ({"digest": digest, "tools": tools, "at": at, "bytes": len(kept), "kept": kept} for digest, kept in layers)
    connection.executemany(_SQL["put_layer"], rows)


def touch(connection: Connection, digests: Iterable[str], tools: str, at: int) -> None:
    """Note that layers served."""
    connection.executemany(_SQL["touch_layer"], [(at, digest, tools) for digest in digests])


def usage(connection: Connection) -> tuple[int, int]:
    """Return how many layers are kept, and their bytes."""
    count, size = connection.execute(_SQL["layer_usage"]).fetchone()
    return int(count), int(size)


def evict(connection: Connection, bound: int) -> None:
    """Drop the least recently used layers until no more than `bound` bytes are kept."""
    connection.execute(_SQL["drop_large_layers"], {"bound": bound})
    connection.execute(_SQL["evict_layers"], {"bound": bound})
