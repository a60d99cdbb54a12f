"""Whether a message comes from who knows the secret. Pure; every comparison takes the same time for right and wrong.

Harbor and distribution send the secret itself as `Authorization`; Artifactory sends it, or an HMAC-SHA256 of the body,
as `X-JFrog-Event-Auth`; Nexus an HMAC-SHA1 as `X-Nexus-Webhook-Signature`. For plain registries a proxy may sign in the
way of GitHub, `X-Hub-Signature-256`.
"""

import hashlib
import hmac
from collections.abc import Callable


def is_authentic(kind: str, header: Callable[[str], str | None], body: bytes, secret: str) -> bool:
    """Return whether one of the headers that this type of registry sends proves the secret.

    header: gives the value of a name, whose case does not matter.
    """
    return any(check(header(name) or "", body, secret) for name, check in _PROOFS[kind])


def _is_value(given: str, _body: bytes, secret: str) -> bool:
    return _same(given, secret)


def _is_bearer(given: str, _body: bytes, secret: str) -> bool:
    return _same(given, f"Bearer {secret}")


def _is_sha256(given: str, body: bytes, secret: str) -> bool:
    return _same(given.removeprefix("sha256="), hmac.new(secret.encode(), body, hashlib.sha256).hexdigest())


def _is_sha1(given: str, body: bytes, secret: str) -> bool:
    return _same(given, hmac.new(secret.encode(), body, hashlib.sha1).hexdigest())


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), right.encode())


_PROOFS: dict[str, tuple[tuple[str, Callable[[str, bytes, str], bool]], ...]] = {
    "artifactory": (("X-JFrog-Event-Auth", _is_value), ("X-JFrog-Event-Auth", _is_sha256)),
    "harbor": (("Authorization", _is_value),),
    "nexus": (("X-Nexus-Webhook-Signature", _is_sha1),),
    "oci": (("Authorization", _is_value), ("Authorization", _is_bearer), ("X-Hub-Signature-256", _is_sha256)),
}
