"""A policy file becomes policies: YAML or JSON, Docker Scout's `--policy-config` as it is."""

import re
from typing import Any

import msgspec

from envscout.errors import UsageError
from envscout.policies import vulnerabilities
from envscout.policies.kinds import KINDS
from envscout.policies.policy import Policy, standard

MAX_FILE = 1 << 20
MAX_POLICIES = 1_000
MAX_DEPTH = 20
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    name: str = ""
    id: str = ""
    kind: str = ""
    title: str = ""
    enabled: bool = True
    weight: int | None = None
    on_unknown: str = "fail"
    config: dict[str, Any] = {}


class _File(msgspec.Struct, forbid_unknown_fields=True):
    policies: list[_Entry] = []
    debug: bool = False
    extends: str = ""


def read(data: bytes, where: str, *, extends: bool = False) -> tuple[Policy, ...]:
    """Return the policies that a file asks for. Raises UsageError with what is wrong and what is possible.

    extends, or `extends: standard` in the file: keep the standard policies that it does not speak of.
    """
    if len(data) > MAX_FILE:
        raise UsageError(f"{where} has {len(data):,} bytes, more than {MAX_FILE:,}", "split it")
    found = _decoded(data, where)
    try:
        file = msgspec.convert(found, _File)
    except msgspec.ValidationError as error:
        raise UsageError(f"{where} is no policy file: {error}", "docs/reference/policies.md shows one") from error
    if file.extends not in ("", "standard"):
        raise UsageError(f"{where} extends {file.extends!r}", "only `standard` can be extended")
    policies = {each.id: each for each in standard()} if extends or file.extends else {}
    for entry in file.policies[:MAX_POLICIES]:
        policy = _policy(entry, where)
        policies.pop(policy.id, None)
        if entry.enabled:
            policies[policy.id] = policy
    if len(file.policies) > MAX_POLICIES:
        raise UsageError(f"{where} has more than {MAX_POLICIES:,} policies", "split it")
    return tuple(policies.values())


def _decoded(data: bytes, where: str) -> object:
    """Return what the file holds."""
    if data.lstrip()[:1] == b"{":
        try:
            return msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise UsageError(f"{where} is no JSON: {error}", "mend it") from error
    import yaml

    try:
        depth = 0
        for event in yaml.parse(data, yaml.CSafeLoader):
            # An alias can stand for a thousand others: a file of a few lines would unfold without end.
            if isinstance(event, yaml.AliasEvent):
                raise UsageError(f"{where} uses YAML aliases", "write out what they stand for")
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise UsageError(f"{where} nests more than {MAX_DEPTH} levels", "no policy file needs that")
        return yaml.load(data, yaml.CSafeLoader) or {}
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise UsageError(f"{where} is no YAML: {' '.join(str(error).split())}", "mend it") from error


def _policy(entry: _Entry, where: str) -> Policy:
    name = entry.id or entry.name
    kind = entry.kind or name
    if not _ID.fullmatch(name):
        raise UsageError(f"{where}: {name!r} is no name of a policy", "use lower case letters, digits and hyphens")
    if kind not in KINDS:
        raise UsageError(f"{where}: there is no kind of policies {kind!r}", f"there are {', '.join(KINDS)}")
    if entry.on_unknown not in ("fail", "pass"):
        raise UsageError(f"{where}: on_unknown of {name} is {entry.on_unknown!r}", "choose `fail` or `pass`")
    try:
        config = msgspec.convert(entry.config, KINDS[kind].config)
        vulnerabilities.severities(getattr(config, "severities", ()))
    except (msgspec.ValidationError, ValueError) as error:
        possible = ", ".join(KINDS[kind].config.__struct_fields__) or "none"
        raise UsageError(f"{where}: {name}: {error}", f"parameters of {kind}: {possible}") from error
    return Policy(
        id=name,
        kind=kind,
        config=config,
        title=entry.title,
        weight=KINDS[kind].weight if entry.weight is None else max(entry.weight, 0),
        on_unknown="pass" if entry.on_unknown == "pass" else "fail",
    )
