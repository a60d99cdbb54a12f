"""The product of a statement as documents name it -> what it means here: an image, packages in it, or any packages.

`pkg:docker/NAMESPACE/NAME@TAG`, `pkg:oci/NAME@sha256:...?repository_url=...` (package-url/purl-spec, types docker and
oci), an image reference with tag or digest, and a bare digest are images; every other package URL is a package.
"""

from functools import lru_cache

from envscout.errors import InvalidReference
from envscout.model import Product
from envscout.names import purl, reference
from envscout.names.purl import Purl
from envscout.vex.draft import Named

IMAGES = frozenset({"docker", "oci"})


def resolved(named: Named, bound: str) -> Product | str:
    """Return the product, or why it cannot be told which it is. bound: digest of the image that the document is of."""
    whole, why = _first(named.names) if named.names else _bound(bound)
    if whole is None:
        return why
    if whole.repository and not whole.digest:
        # A name and a hash are one image, and no other of the same name.
        digest = next(filter(reference.valid_digest, named.names), "")
        whole = Product(digest=digest, platform=whole.platform) if digest else whole
    if not named.parts:
        return whole
    if whole.packages:
        return "a product that is a package with parts: which packages of an image are its parts is not known"
    parts = [_first(names) for names in named.parts]
    packages = tuple(text for found, _ in parts if found for text in found.packages)
    # A part that is not known leaves the others as they are, but none at all must not mean everything.
    return _within(whole, packages) if packages else "parts of a product that no package URL names"


def _bound(digest: str) -> tuple[Product | None, str]:
    """Return the image that a document is of. A product that is not known must never become all of them."""
    return (Product(digest=digest), "") if digest else (None, "what a document describes, and no image name identifies")


def _within(whole: Product, packages: tuple[str, ...]) -> Product:
    return Product(
        repository=whole.repository, tag=whole.tag, digest=whole.digest, platform=whole.platform, packages=packages
    )


def _first(names: tuple[str, ...]) -> tuple[Product | None, str]:
    why = "a product without a name"
    for name in names:
        found = one(name)
        if isinstance(found, Product):
            return found, ""
        why = found
    return None, why


@lru_cache(maxsize=4096)
def one(name: str) -> Product | str:
    """Return what one name means, or why it means nothing here."""
    if name.startswith("pkg:"):
        try:
            found = purl.parse(name)
        except InvalidReference:
            return "a package URL that cannot be read"
        return _image(found) if found.type in IMAGES else Product(packages=(name,))
    if reference.valid_digest(name):
        return Product(digest=name)
    try:
        image = reference.parse(name)
    except InvalidReference:
        return "a product that neither a package URL, nor a digest, nor an image name identifies"
    if not image.path or not (image.tag_typed or image.digest):
        return "a product that neither a package URL, nor a digest, nor an image name identifies"
    return Product(digest=image.digest) if image.digest else Product(repository=image.repository, tag=image.tag)


def _image(found: Purl) -> Product | str:
    """Return the image of a package URL of type docker or oci."""
    platform = found.qualifier("platform") or found.qualifier("arch")
    if ":" in found.version:
        if reference.valid_digest(found.version):
            return Product(digest=found.version, platform=platform)
        return "a digest that is cut short"
    url = found.qualifier("repository_url").partition("://")[2] or found.qualifier("repository_url")
    name = "/".join(filter(None, (found.namespace, found.name)))
    if found.type == "oci":
        if not url:
            return "an image without digest and without repository_url"
        name = url if url.rpartition("/")[2] == found.name else f"{url}/{name}"
        tag = found.qualifier("tag") or found.version
    else:
        name, tag = f"{url.rstrip('/')}/{name}" if url else name, found.version
    try:
        image = reference.parse(name)
    except InvalidReference:
        return "an image whose repository cannot be read"
    if not image.path or image.digest or image.tag_typed:
        return "an image whose repository cannot be read"
    return Product(repository=image.repository, tag=tag, platform=platform)
