"""The ends of half-open intervals `lo <= key < hi`, in bytes.

introduced "0": lo = LOWEST; introduced V: lo = key(V); fixed V: hi = key(V); last affected V: hi = successor(key(V));
no end known: hi = HIGHEST. No key is empty and none starts with FF, so every key lies between LOWEST and HIGHEST.
"""

LOWEST = b""
HIGHEST = b"\xff"


def successor(key: bytes) -> bytes:
    """Return the smallest byte string above a key: nothing lies between K and K followed by 00."""
    return key + b"\x00"
