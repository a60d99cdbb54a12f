"""Policies become a file again: every parameter written out, the same for the same policies."""

from collections.abc import Iterable
from typing import Any

import msgspec

from envscout.policies.policy import Policy
from envscout.policies.reading import SCHEMA, Section


def document(policies: Iterable[Policy]) -> dict[str, Any]:
    """Return a file that reading makes the same policies of."""
    return {"schema": SCHEMA, "policies": [_entry(each) for each in policies]}


def _entry(policy: Policy) -> dict[str, Any]:
    fields = {
        "id": policy.id,
        "kind": policy.kind if policy.kind != policy.id else "",
        "title": policy.title,
        "weight": policy.weight,
        "on_unknown": policy.on_unknown if policy.on_unknown != "fail" else "",
        "config": msgspec.to_builtins(policy.config),
    }
    return {key: value for key, value in fields.items() if value not in ("", {})}


def as_yaml(policies: Iterable[Policy]) -> str:
    """Return the same as YAML."""
    content = document(policies)
    text = _dumped(content, allow_unicode=True)
    # YAML may hold signs that turn or hide what follows; all is escaped where there is one.
    return text if text.replace("\n", "").isprintable() else _dumped(content, allow_unicode=False)


def _dumped(content: dict[str, Any], *, allow_unicode: bool) -> str:
    import yaml

    return str(yaml.dump(content, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=allow_unicode, width=110))


def stored(section: Section) -> str:
    """Return a section as JSON, the same for the same section."""
    return msgspec.json.encode(section, order="deterministic").decode()


def identity(policies: Iterable[Policy]) -> str:
    """Return a digest that is the same for the same policies: `sha256:...`."""
    import hashlib

    content = msgspec.json.encode(document(policies)["policies"], order="deterministic")
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
