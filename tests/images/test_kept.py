"""What is remembered of a layer is what was known of it."""

from array import array

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from envscout.images import kept
from envscout.images.compression import zstandard
from envscout.images.layer import LayerContents
from envscout.model import Problem

NAMES = st.text(max_size=5)
READINGS = st.none() | st.sampled_from([b"", b"1", b"2" * 100])
FILES = st.dictionaries(NAMES, READINGS, max_size=5)
HASHES = st.lists(st.integers(-(1 << 63), (1 << 63) - 1), max_size=5).map(lambda found: array("q", sorted(found)))
LAYERS = st.builds(
    LayerContents,
    files=FILES,
    extras=st.dictionaries(NAMES, FILES, max_size=3),
    links=st.dictionaries(NAMES, NAMES, max_size=3),
    wanted_links=st.frozensets(NAMES, max_size=3),
    hard_links=st.dictionaries(NAMES, NAMES, max_size=3),
    entries=HASHES,
    directories=HASHES,
    whiteouts=HASHES,
    opaques=HASHES,
    problems=st.lists(st.builds(Problem, NAMES, NAMES, NAMES), max_size=2).map(tuple),
)


@given(LAYERS)
def test_a_layer_comes_back_as_it_was(layer: LayerContents) -> None:
    assert kept.unpack(kept.pack(layer)) == layer


def test_what_hard_links_share_is_remembered_once() -> None:
    shared = bytes(range(256)) * 4096
    names = [str(number) for number in range(400)]
    layer = LayerContents(
        files=dict.fromkeys(names, shared), extras={"link": dict.fromkeys(names, bytes(reversed(shared)))}
    )
    found = kept.unpack(kept.pack(layer))
    assert found == layer
    assert len({id(data) for data in (*found.files.values(), *found.extras["link"].values())}) == 2


@given(LAYERS, st.data())
def test_bytes_that_were_not_packed_by_this_version_are_nothing(layer: LayerContents, data: st.DataObject) -> None:
    packed = kept.pack(layer)
    assert kept.unpack(packed[: data.draw(st.integers(0, len(packed) - 1))]) is None
    assert kept.unpack(None) is None


def test_a_reading_that_is_not_there_is_no_reading() -> None:
    packed = zstandard().compress(msgspec.msgpack.encode([[], {"a": 3}, {}, {}, [], {}, [b""] * 4, []]), 1)
    assert kept.unpack(packed) is None
