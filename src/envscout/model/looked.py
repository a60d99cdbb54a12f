"""What was found in an image, on its way from where the image is to where it is kept."""

import msgspec

from envscout.model.image import Image
from envscout.model.package import Inventory
from envscout.model.problem import Problem


class Document(msgspec.Struct, frozen=True):
    """A document in or at an image. path: in the image, or the digest of what it is attached to."""

    path: str
    data: bytes


class Looked(msgspec.Struct, frozen=True):
    """What was found in an image.

    vex: documents that the image holds itself, None where nobody looked for them. types: kinds of what is attached to
    it, None where not everything that hangs on it was looked for.
    """

    image: Image
    inventory: Inventory
    vex: tuple[Document, ...] | None = None
    types: tuple[str, ...] | None = None


class Hung(msgspec.Struct, frozen=True):
    """VEX that hangs on an image, None where its place keeps no account of that, and what could not be read of it."""

    documents: tuple[Document, ...] | None = None
    problems: tuple[Problem, ...] = ()


class Indexed(msgspec.Struct, frozen=True):
    """An image the store knows the content of. fresh: it was read just now, not found in the store.

    problems: what of VEX attached to it could not be fetched.
    """

    image_id: int
    image: Image
    packages: int
    fresh: bool
    problems: tuple[Problem, ...] = ()
