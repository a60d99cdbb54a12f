"""Reference -> image -> files: registries, the Docker engine, archives, OCI layouts and directories.

Layers are streamed once and never land on disk or whole in memory; every digest is verified; damage is a Problem.
"""

from envscout.images.contents import HEAD, KEPT, Contents, Interest, LayerCache
from envscout.images.credentials import Credentials, given
from envscout.images.opening import OpenImage, newest_local, open_image, resolve
from envscout.images.transport import guarded

__all__ = [
    "HEAD",
    "KEPT",
    "Contents",
    "Credentials",
    "Interest",
    "LayerCache",
    "OpenImage",
    "given",
    "guarded",
    "newest_local",
    "open_image",
    "resolve",
]
