"""Every operation can be told: what it takes and returns goes to JSON and back."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from envscout.access.roles import ROLES
from envscout.cli import entry
from envscout.environments.naming import naming
from envscout.errors import NotFound, UsageError
from envscout.findings.select import Selection, selection
from envscout.names.expression import Expression
from envscout.operations.coding import decode, encode
from envscout.operations.signature import bound, signature
from envscout.operations.table import OPERATIONS, name_of
from envscout.policies.policy import Policy, standard
from envscout.store.deployments import Scope
from envscout.verbs import ask

CLI = Path(entry.__file__).parent

# What looks after a store works where the store is.
ON_THE_STORE = {"session.py", "commands/db.py", "commands/db_bundle.py", "commands/watch.py"}

_SAMPLES: Mapping[type, Callable[[Any], object]] = {
    inspect.NoneType: lambda _: None,
    inspect.BoolType: lambda _: True,
    inspect.IntType: lambda _: 7,
    inspect.FloatType: lambda _: 0.5,
    # The words that are allowed are told as `^(?:one|another)$`.
    inspect.StrType: lambda kind: kind.pattern.strip("^(?:)$").partition("|")[0] if kind.pattern else "text",
    inspect.BytesType: lambda _: b"bytes",
    inspect.AnyType: lambda _: {"any": 1},
    inspect.LiteralType: lambda kind: kind.values[0],
    inspect.UnionType: lambda kind: sample(max(kind.types, key=lambda each: not isinstance(each, inspect.NoneType))),
    inspect.ListType: lambda kind: [sample(kind.item_type)],
    inspect.SetType: lambda kind: {sample(kind.item_type)},
    inspect.FrozenSetType: lambda kind: frozenset({sample(kind.item_type)}),
    inspect.CollectionType: lambda kind: [sample(kind.item_type)],
    inspect.VarTupleType: lambda kind: (sample(kind.item_type),),
    inspect.TupleType: lambda kind: tuple(map(sample, kind.item_types)),
    inspect.DictType: lambda kind: {sample(kind.key_type): sample(kind.value_type)},
    inspect.StructType: lambda kind: _struct(kind),
    inspect.NamedTupleType: lambda kind: kind.cls(*(sample(each.type) for each in kind.fields)),
    inspect.CustomType: lambda kind: _custom(kind.cls),
}


def sample(kind: Any) -> Any:
    """Return a value of a type in which everything that may be there is there."""
    return _SAMPLES[type(kind)](kind)


def _struct(kind: Any) -> object:
    if kind.cls is Policy:
        return standard()[0]
    return kind.cls(**{each.name: sample(each.type) for each in kind.fields})


def _custom(kind: type) -> object:
    if kind is Expression:
        return Expression("^a")
    if kind.__name__ == "BitMap":
        return kind([1, 3])
    return pytest.fail(f"{kind} does not travel")


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_an_operation_takes_and_returns_goes_to_json_and_back(name: str) -> None:
    found = signature(name)
    for type_ in (found.arguments, found.result):
        value = sample(inspect.type_info(type_))
        assert decode(encode(value), type_) == value


def test_the_name_of_an_operation_is_that_of_its_verb() -> None:
    for name in OPERATIONS:
        assert name_of(signature(name).verb) == name


def test_every_operation_is_something_that_a_role_may_do() -> None:
    assert set(OPERATIONS.values()) <= ROLES["owner"]


def test_what_is_no_operation_is_not_there() -> None:
    for name in ("ask._report", "nothing", "os.system", "ask.inventory.x", ""):
        with pytest.raises(NotFound):
            signature(name)


def test_commands_ask_for_operations_and_touch_no_store() -> None:
    used = {
        str(path.relative_to(CLI))
        for path in CLI.rglob("*.py")
        if re.search(r"(?:session|self)\.(?:database|place)\b", path.read_text(encoding="utf-8"))
    }
    assert used == ON_THE_STORE


def test_what_commands_call_are_operations() -> None:
    called = {
        (module, name)
        for path in CLI.rglob("*.py")
        for module, name in re.findall(r"session\.call\(\s*(\w+)\.(\w+)", path.read_text(encoding="utf-8"))
    }
    verbs = {name.rpartition(".")[2] for name in OPERATIONS}
    assert {f"{module}.{name}" for module, name in called if name not in verbs} == set()


def test_a_policy_is_told_with_its_parameters() -> None:
    for policy in standard():
        assert decode(encode(policy), Policy) == policy
    with pytest.raises(UsageError):
        decode(b'{"id": "a", "kind": "none", "config": {}}', Policy)


def test_arguments_are_told_by_name_and_unknown_ones_are_refused() -> None:
    asked = bound("ask.of_environment", [Scope(environment="production")], {"question": ask.Question()})
    there = decode(encode(asked), type(asked))
    assert there == asked
    assert there.wanted == naming("")
    with pytest.raises(UsageError):
        decode(b'{"scope": {}, "question": {}, "database": 1}', type(asked))


def test_an_expression_is_told_as_text_and_looked_for_in_linear_time() -> None:
    sent = encode(selection(packages=["(a+)+$"]))
    there = decode(sent, Selection)
    assert there == selection(packages=["(a+)+$"])
    assert not there.packages[0].search("a" * 100_000 + "!")
    assert there.packages[0].search("ba")


@pytest.mark.parametrize("text", [r"(a)\1", "(?=a)", "(", "a" * 201, "((a{100}){100}){100}"])
def test_an_expression_that_could_cost_more_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        decode(msgspec.json.encode({"packages": [text]}), Selection)


@pytest.mark.parametrize("data", [b"", b"[" * 100_000, b"\xff", b'{"packages": [1]}', b'{"packages": {"a": 1}}'])
def test_nonsense_is_refused(data: bytes) -> None:
    with pytest.raises(UsageError):
        decode(data, Selection)
