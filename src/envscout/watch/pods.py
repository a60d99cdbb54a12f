"""Pods as an API server tells of them: what of it says which images run. Pure.

Fields: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
"""

import sys
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from envscout.errors import InvalidReference
from envscout.names.reference import parse, valid_digest

_OVER = frozenset({"Succeeded", "Failed"})


class Metadata(msgspec.Struct, frozen=True, rename="camel"):
    """Of any object. uid: it never comes again."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    labels: dict[str, str] | None = None


class _Container(msgspec.Struct, frozen=True):
    name: str = ""
    image: str = ""


class _Spec(msgspec.Struct, frozen=True, rename="camel"):
    node_name: str = ""
    containers: tuple[_Container, ...] | None = None
    init_containers: tuple[_Container, ...] | None = None
    ephemeral_containers: tuple[_Container, ...] | None = None


class _ContainerStatus(msgspec.Struct, frozen=True):
    name: str = ""
    image: str = ""
    image_id: str = msgspec.field(name="imageID", default="")


class _Status(msgspec.Struct, frozen=True, rename="camel"):
    phase: str = ""
    container_statuses: tuple[_ContainerStatus, ...] | None = None
    init_container_statuses: tuple[_ContainerStatus, ...] | None = None
    ephemeral_container_statuses: tuple[_ContainerStatus, ...] | None = None


class Object(msgspec.Struct, frozen=True):
    """A pod, or a namespace or a node, of which the metadata alone is looked at."""

    metadata: Metadata = Metadata()
    spec: _Spec = _Spec()
    status: _Status = _Status()


class Held(NamedTuple):
    """An image that a pod runs. reference: as the pod names it; repository: its path. digest: what was pulled."""

    reference: str
    repository: str
    digest: str


class Pod(NamedTuple):
    """What is kept of a pod. images: of containers of which something was pulled; () once it has ended.

    node: that it is bound to, "" for none yet.
    """

    namespace: str
    labels: Mapping[str, str]
    images: tuple[Held, ...]
    node: str = ""


def pod(told: Object, labels: frozenset[str]) -> Pod:
    """Return what is kept of a pod. labels: that rules ask for; others are forgotten."""
    own = told.metadata.labels or {}
    kept = {name: sys.intern(own[name]) for name in labels if name in own}
    images = () if told.status.phase in _OVER else tuple(dict.fromkeys(_images(told)))
    return Pod(sys.intern(told.metadata.namespace), kept, images, sys.intern(told.spec.node_name))


def labels(told: Object, wanted: frozenset[str]) -> Mapping[str, str]:
    """Return those labels of a namespace that rules ask for."""
    return {name: value for name, value in (told.metadata.labels or {}).items() if name in wanted}


def platform(told: Object) -> str:
    """Return the platform that a node runs images of, `linux/arm64`, "" where it does not say.

    By https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-arch, as Go names architectures.
    """
    own = told.metadata.labels or {}
    system, architecture = (own.get(f"kubernetes.io/{each}", "") for each in ("os", "arch"))
    return sys.intern(f"{system}/{architecture}") if system and architecture else ""


def _images(told: Object) -> Iterator[Held]:
    spec, status = told.spec, told.status
    written = {
        each.name: each.image
        for some in (spec.containers, spec.init_containers, spec.ephemeral_containers)
        for each in some or ()
    }
    statuses = (status.init_container_statuses, status.container_statuses, status.ephemeral_container_statuses)
    for each in (one for some in statuses for one in some or ()):
        digest = digest_of(each.image_id)
        for name in (written.get(each.name, ""), each.image, each.image_id.partition("://")[2]):
            if digest and (held := _held(name, digest)):
                yield held
                break


def digest_of(image_id: str) -> str:
    """Return the digest in an `imageID`: `HOST/PATH@sha256:...`, `docker-pullable://...`, or a bare id; "" for none.

    A bare id is that of an image which was never in a registry: nobody can look into it.
    """
    bare = image_id.partition("://")[2] or image_id
    digest = bare.rpartition("@")[2]
    return sys.intern(digest) if valid_digest(digest) else ""


def _held(name: str, digest: str) -> Held | None:
    try:
        reference = parse(name)
    except InvalidReference:
        return None
    # Nobody calls an image `sha256`: that is the id of one.
    if not reference.path or reference.path == "library/sha256" or valid_digest(name):
        return None
    return Held(sys.intern(reference.familiar), sys.intern(reference.path), digest)
