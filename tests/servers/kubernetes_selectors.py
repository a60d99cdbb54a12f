"""Which objects a list or a watch is about. Knows nothing of how they are kept.

https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors and .../field-selectors/.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.servers.kubernetes_resources import Kind, Object, Refused

Test = Callable[[Object], bool]

_FIELDS = ("metadata.name", "metadata.namespace")
_MORE_FIELDS = {"Pod": ("spec.nodeName", "status.phase", "spec.restartPolicy", "spec.serviceAccountName")}
_AMONG = re.compile(r"(?P<key>[^\s!=,()]+)\s+(?P<how>in|notin)\s+\((?P<values>[^)]*)\)")
_EQUAL = re.compile(r"(?P<key>[^\s!=,()]+)\s*(?P<how>==|!=|=)\s*(?P<values>[^\s=,()]*)")
_THERE = re.compile(r"(?P<how>!?)\s*(?P<key>[^\s!=,()]+)")


@dataclass(frozen=True)
class Choice:
    """Those of a namespace ("" is all of them) that pass every test."""

    namespace: str = ""
    tests: tuple[Test, ...] = ()

    def takes(self, held: Object) -> bool:
        """Say whether an object is one of them."""
        if self.namespace and held["metadata"].get("namespace") != self.namespace:
            return False
        return all(test(held) for test in self.tests)


def choice(kind: Kind, namespace: str, labels: str = "", fields: str = "") -> Choice:
    """Parse the selectors of a request; Refused says what is wrong with them."""
    return Choice(
        namespace, (*map(_label, _parts(labels)), *(_field(kind, part) for part in fields.split(",") if part))
    )


def _parts(selector: str) -> list[str]:
    """Split at the commas that are in no parentheses."""
    return [part.strip() for part in re.split(r",(?![^(]*\))", selector) if part.strip()]


def _label(part: str) -> Test:
    for pattern in (_AMONG, _EQUAL, _THERE):
        if found := pattern.fullmatch(part):
            break
    else:
        raise Refused(400, "BadRequest", f"unable to parse requirement: {part}")
    key, how = found["key"], found["how"]
    if pattern is _THERE:
        return lambda held: (key in _labels(held)) is not bool(how)
    values = {value.strip() for value in found["values"].split(",")}
    wanted = how in {"in", "=", "=="}
    return lambda held: (_labels(held).get(key) in values) is wanted


def _labels(held: Object) -> dict[str, str]:
    return held["metadata"].get("labels") or {}


def _field(kind: Kind, part: str) -> Test:
    found = _EQUAL.fullmatch(part)
    if not found or found["key"] not in (*_FIELDS, *_MORE_FIELDS.get(kind.name, ())):
        raise Refused(400, "BadRequest", f"field label not supported: {found['key'] if found else part}")
    first, second = found["key"].split(".")
    value, wanted = found["values"], found["how"] != "!="

    def test(held: Object) -> bool:
        within: dict[str, Any] = held.get(first, {})
        return (within.get(second, "") == value) is wanted

    return test
