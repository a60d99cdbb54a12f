"""Reference -> image -> files: registries, the Docker engine, archives, OCI layouts and directories.

Layers are streamed once and never land on disk or whole in memory; every digest is verified; damage is a Problem.
"""

from envscout.images.contents import Contents
from envscout.images.credentials import Credentials
from envscout.images.opening import OpenImage, open_image, resolve

__all__ = ["Contents", "Credentials", "OpenImage", "open_image", "resolve"]
