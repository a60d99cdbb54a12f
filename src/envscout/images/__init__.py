"""Reference -> image -> files: registries, the Docker engine, archives, OCI layouts and directories.

Layers are streamed once and never land on disk or whole in memory; every digest is verified; damage is a Problem.
"""

from envscout.images.contents import HEAD, Contents, Interest
from envscout.images.credentials import Credentials
from envscout.images.kept import VERSION
from envscout.images.opening import OpenImage, open_image, resolve
from envscout.images.reading import LayerCache

__all__ = [
    "HEAD",
    "VERSION",
    "Contents",
    "Credentials",
    "Interest",
    "LayerCache",
    "OpenImage",
    "open_image",
    "resolve",
]
