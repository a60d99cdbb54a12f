"""A policy file becomes policies: YAML or JSON, one scope or several; Docker Scout's `--policy-config` as it is."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from envscout.errors import UsageError
from envscout.policies import vulnerabilities
from envscout.policies.decoding import decoded, printable
from envscout.policies.kinds import ABSENT, KINDS, Kind, canonical
from envscout.policies.policy import Policy, standard

MAX_POLICIES = 1_000
MAX_CUSTOM = 100
MAX_WEIGHT = 1_000
MAX_NAME = 128
SCHEMA = "envscout/policies/1"
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_DOCS = "docs/reference/policies.md shows one"


class Entry(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One policy as it is written. name: what Docker Scout calls id. weight: None for that of the kind."""

    name: str = ""
    id: str = ""
    kind: str = ""
    title: str = ""
    enabled: bool = True
    weight: int | None = None
    on_unknown: str = "fail"
    config: dict[str, Any] = {}


class Section(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The policies of one scope. extends: `standard` or `organization`, whose other policies stay; "" for none."""

    extends: str = ""
    policies: tuple[Entry, ...] = ()


class File(msgspec.Struct, frozen=True):
    """What a file holds. organization: the default of all environments, None where it says nothing of that."""

    organization: Section | None
    environments: Mapping[str, Section]

    def of(self, environment: str) -> Section:
        """Return the section for an environment, else that for all, which may be empty."""
        return self.environments.get(environment) or self.organization or Section()


class _Written(msgspec.Struct, forbid_unknown_fields=True):
    policies: tuple[Entry, ...] | None = None
    extends: str = ""
    environments: dict[str, Section] = {}
    debug: bool = False
    schema: str = SCHEMA


def read(
    data: bytes,
    where: str,
    *,
    extends: bool = False,
    environment: str = "",
    organization: Iterable[Policy] | None = None,
) -> tuple[Policy, ...]:
    """Return the policies that a file asks for in an environment. Raise UsageError with what is wrong, and possible.

    extends: keep the standard policies that the file does not speak of, as `extends: standard` in it does.
    organization: what an environment may extend where the file says nothing of its organization.
    """
    file = parse(data, where)

    def extended(section: Section) -> Section:
        return msgspec.structs.replace(section, extends="standard") if extends and not section.extends else section

    below = organization if file.organization is None else resolved(extended(file.organization), where)
    return resolved(extended(file.of(environment)), where, below)


def parse(data: bytes, where: str) -> File:
    """Return what a file holds, every part of it checked. Raise UsageError with what is wrong, and what is possible."""
    try:
        found = msgspec.convert(decoded(data, where), _Written)
    except (msgspec.ValidationError, UnicodeError) as error:
        raise UsageError(
            f"{where} is no policy file: {printable(str(error))}", f"{_possible(error)}; {_DOCS}"
        ) from error
    if found.schema != SCHEMA:
        raise UsageError(f"{where} is written as {found.schema!r}", f"this version reads {SCHEMA}")
    says_nothing = found.policies is None and not found.extends
    file = File(None if says_nothing else Section(found.extends, found.policies or ()), found.environments)
    if found.extends not in ("", "standard"):
        raise UsageError(f"{where} extends {found.extends!r}", "only `standard` can be extended there")
    resolved(file.of(""), where)
    for name, section in file.environments.items():
        _check_name(name, where)
        resolved(section, f"{where}: environments.{name}")
    return file


def _possible(error: Exception) -> str:
    """Return the keys that are possible where an error lies."""
    place = str(error).partition("`$")[2].rstrip("`")
    struct = Entry if "policies[" in place else Section if "environments[" in place else _Written
    return f"keys: {', '.join(each for each in struct.__struct_fields__ if each != 'schema')}"


def _check_name(name: str, where: str) -> None:
    if not name or len(name) > MAX_NAME or not name.isprintable() or name != name.strip():
        raise UsageError(
            f"{where}: {name[:MAX_NAME]!r} is no name of an environment", "`envscout environment` lists them"
        )


def resolved(section: Section, where: str, organization: Iterable[Policy] | None = None) -> tuple[Policy, ...]:
    """Return the policies of a section. organization: what it may extend, None for the standard ones.

    Raise UsageError with what is wrong, and what is possible.
    """
    if section.extends not in ("", "standard", "organization"):
        raise UsageError(f"{where} extends {section.extends!r}", "choose `standard` or `organization`")
    if len(section.policies) > MAX_POLICIES:
        raise UsageError(f"{where} has more than {MAX_POLICIES:,} policies", "split it")
    if sum(canonical(each.kind) == "cel" for each in section.policies) > MAX_CUSTOM:
        raise UsageError(f"{where} has more than {MAX_CUSTOM} policies of kind cel", "split it")
    below = standard() if section.extends == "standard" or organization is None else organization
    found = {each.id: each for each in below} if section.extends else {}
    named: set[str] = set()
    for entry in section.policies:
        policy = _policy(entry, where)
        if policy.id in named:
            raise UsageError(f"{where}: {policy.id} is there twice", "give one of them another id, and a `kind`")
        named.add(policy.id)
        # In its own place where it changes one that is there, at the end where it is new.
        found[policy.id] = policy
        if not entry.enabled:
            del found[policy.id]
    return tuple(found.values())


def _policy(entry: Entry, where: str) -> Policy:
    written = entry.id or entry.name
    name = written if entry.kind else canonical(written)
    kind = canonical(entry.kind) or name
    if kind in ABSENT:
        raise UsageError(f"{where}: {kind} is not to be had: {ABSENT[kind]}", f"there are {', '.join(KINDS)}")
    if not _ID.fullmatch(name):
        raise UsageError(f"{where}: {name!r} is no name of a policy", "use lower case letters, digits and hyphens")
    if kind not in KINDS:
        raise UsageError(f"{where}: there is no kind of policies {kind!r}", f"there are {', '.join(KINDS)}")
    if entry.on_unknown not in ("fail", "pass"):
        raise UsageError(f"{where}: on_unknown of {name} is {entry.on_unknown!r}", "choose `fail` or `pass`")
    if entry.weight is not None and not 0 <= entry.weight <= MAX_WEIGHT:
        raise UsageError(f"{where}: weight of {name} is {entry.weight}", f"choose 0 (not scored) to {MAX_WEIGHT:,}")
    return Policy(
        id=name,
        kind=kind,
        config=_config(entry.config, name, kind, where),
        title=" ".join(entry.title.split())[:200].rstrip(),
        weight=KINDS[kind].weight if entry.weight is None else entry.weight,
        on_unknown="pass" if entry.on_unknown == "pass" else "fail",
    )


def _config(written: Mapping[str, Any], name: str, kind: str, where: str) -> msgspec.Struct:
    """Return the parameters of a policy."""
    of: Kind = KINDS[kind]
    possible = f"parameters of {kind}: {', '.join(of.config.__struct_fields__) or 'none'}"
    try:
        config = msgspec.convert(written, of.config)
        vulnerabilities.severities(getattr(config, "severities", ()))
        of.check(config)
    except (msgspec.ValidationError, ValueError) as error:
        raise UsageError(f"{where}: {name}: {printable(str(error))}", possible) from error
    return config
