"""The bytes of a policy file become plain data: bounded, without aliases, without a key that is there twice."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from envscout.errors import UsageError

MAX_FILE = 1 << 20
MAX_DEPTH = 20

# YAML 1.1 reads 12:30 as 750, which nobody means, and a long one as a number that takes minutes to make.
_BASE_60 = re.compile(r"[-+]?[\d_]+(:[\d_]*)+(\.[\d_]*)?")


def decoded(data: bytes, where: str) -> object:
    """Return what YAML or JSON holds. Raise UsageError where it is neither, too large, too deep, or ambiguous."""
    if len(data) > MAX_FILE:
        raise UsageError(f"{where} has more than {MAX_FILE:,} bytes", "split it")
    if where.endswith(".rego") or data.lstrip().startswith((b"package docker.scout", b"# METADATA")):
        raise UsageError(
            f"{where} is written in Rego, which is not understood here",
            "write the rule in CEL, as a policy of kind `cel`: docs/reference/policies.md shows how",
        )
    return _json(data, where) if data.lstrip()[:1] == b"{" else _yaml(data, where)


def printable(text: str) -> str:
    """Return what an error says of a file without the file's own control characters, a few hundred of them at most."""
    return "".join(each if each.isprintable() else "?" for each in text)[:400]


def _json(data: bytes, where: str) -> object:
    import json

    import msgspec

    try:
        json.loads(data, object_pairs_hook=lambda pairs: _once(pairs, where))
        # The one above tells keys that are there twice, this one half characters that nobody could write again.
        return msgspec.json.decode(data)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where} is no JSON: {printable(str(error))}", "mend it") from error


def _once(pairs: Iterable[tuple[str, Any]], where: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise UsageError(f"{where}: {key!r} is there twice in one place", "one of them would be lost: keep one")
        found[key] = value
    return found


def _yaml(data: bytes, where: str) -> object:
    import yaml

    try:
        depth = 0
        for event in yaml.parse(data, yaml.CSafeLoader):
            # An alias can stand for a thousand others: a file of a few lines would unfold without end.
            if isinstance(event, yaml.AliasEvent):
                raise UsageError(f"{where} uses YAML aliases", "write out what they stand for")
            _unambiguous_value(event, where)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise UsageError(f"{where} nests more than {MAX_DEPTH} levels", "no policy file needs that")
        _unambiguous_keys(yaml.compose(data, yaml.CSafeLoader), where)
        return yaml.load(data, yaml.CSafeLoader) or {}
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError, OverflowError) as error:
        raise UsageError(f"{where} is no YAML: {printable(' '.join(str(error).split()))}", "mend it") from error


def _unambiguous_value(event: Any, where: str) -> None:
    """Refuse tags, which the parser believes without looking, and numbers to the base 60."""
    line = event.start_mark.line + 1
    if tag := getattr(event, "tag", None):
        shown = printable(tag.removeprefix("tag:yaml.org,2002:"))[:40]
        raise UsageError(
            f"{where}, line {line} is no YAML as it is read here: it has the tag {shown!r}", "leave it out"
        )
    is_plain = getattr(event, "implicit", None) == (True, False)
    if is_plain and _BASE_60.fullmatch(event.value):
        raise UsageError(f"{where}, line {line}: YAML takes {event.value[:40]!r} for a number", "put it in quotes")


def _unambiguous_keys(root: Any, where: str) -> None:
    """Refuse a mapping that names a key twice: the parser would keep the last one and say nothing."""
    import yaml

    pending = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, yaml.MappingNode):
            keys = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
            twice = sorted(key for key, count in keys.items() if count > 1)
            if twice:
                line = node.start_mark.line + 1
                raise UsageError(
                    f"{where}, line {line}: {twice[0]!r} is there twice", "one of them would be lost: keep one"
                )
            pending += [value for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            pending += node.value
