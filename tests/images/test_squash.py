"""Layers over one another: the view of a container, with every content that led there."""

from collections.abc import Collection
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Event

from hypothesis import given, settings
from hypothesis import strategies as st

from envscout.demo.tar import Directory, Entry, Hardlink, Symlink, Whiteout, pack
from envscout.images.contents import Budget, Interest
from envscout.images.layer import LayerContents, scan
from envscout.images.reading import Scan, read
from envscout.images.squash import squash
from envscout.model import File, Image, Layer, Problem
from tests.images.images import bytes_of, everything


class Memory:
    """A source whose layers are bytes in memory. passes: the numbers of each scan."""

    problems: tuple[Problem, ...] = ()

    def __init__(self, layers: list[bytes]) -> None:
        self._layers = layers
        self.passes: list[list[int]] = []
        self.image = Image(digest="", layers=tuple(Layer(str(n), str(n), "", 0) for n in range(len(layers))))

    def scan(self, numbers: Collection[int], scan: Scan, stop: Event) -> dict[int, LayerContents]:
        self.passes.append(list(numbers))
        return {number: scan([self._layers[number]]) for number in numbers}

    def proof(self, number: int) -> str:
        return f"sha256:{sha256(self._layers[number]).hexdigest()}"

    def close(self) -> None:
        pass


def view(*layers: dict[str, Entry], wanted: Interest = everything) -> dict[str, list[tuple[str, bytes]]]:
    """Return path -> [(layer, bytes)], oldest first."""
    found = read(Memory([pack(entries) for entries in layers]), wanted)
    return shown(found.files)


def shown(files: tuple[File, ...]) -> dict[str, list[tuple[str, bytes]]]:
    return {file.path: [(content.layer, content.data) for content in file.contents] for file in files}


def codes(*layers: dict[str, Entry], wanted: Interest = everything) -> list[str]:
    return [problem.code for problem in read(Memory([pack(entries) for entries in layers]), wanted).problems]


def test_every_content_of_a_path_is_kept_oldest_first() -> None:
    assert view({"s": b"1", "x": b"x"}, {}, {"s": b"2"}, {"s": b"3"}) == {
        "s": [("0", b"1"), ("2", b"2"), ("3", b"3")],
        "x": [("0", b"x")],
    }


def test_whiteouts_remove_a_file_or_a_tree_and_start_anew() -> None:
    base: dict[str, Entry] = {"d/a": b"1", "d/e/b": b"2", "c": b"3"}
    assert view(base, {"d/a": Whiteout()}).keys() == {"d/e/b", "c"}
    assert view(base, {"d": Whiteout()}).keys() == {"c"}
    assert view(base, {"c": Whiteout()}, {"c": b"4"})["c"] == [("2", b"4")]


def test_a_whiteout_does_not_touch_its_own_layer() -> None:
    assert view({"a": b"1"}, {"a": b"2", ".wh.a": b""}) == {"a": [("1", b"2")]}
    assert view({"a": b"1"}, {".wh.a": b"", "a": b"2"}) == {"a": [("1", b"2")]}


def test_opaque_directories_hide_what_lies_below_but_not_their_own() -> None:
    base: dict[str, Entry] = {"d/a": b"1", "d/e/b": b"2", "dd": b"3"}
    uppers: list[dict[str, Entry]] = [{"d": Whiteout(opaque=True), "d/n": b"4"}, {"d/n": b"4", "d/.wh..wh..opq": b""}]
    for upper in uppers:
        assert view(base, upper) == {"d/n": [("1", b"4")], "dd": [("0", b"3")]}


def test_an_opaque_root_hides_everything() -> None:
    assert view({"a": b"1", "d/b": b"2"}, {".wh..wh..opq": b"", "c": b"3"}).keys() == {"c"}


def test_a_file_or_link_in_the_place_of_a_directory_hides_what_was_below() -> None:
    base: dict[str, Entry] = {"d/a": b"1", "x": b"x"}
    assert view(base, {"d": b"2"}) == {"d": [("1", b"2")], "x": [("0", b"x")]}
    assert view(base, {"d": Symlink("x")}) == {"d": [("0", b"x")], "x": [("0", b"x")]}
    assert view(base, {"d": b"2"}, {"d": Directory(), "d/a": b"3"})["d/a"] == [("2", b"3")]


def test_what_hides_need_not_be_wanted() -> None:
    assert view({"d/a": b"1"}, {"d": b"2"}, wanted=bytes_of("d/a".__eq__)) == {}
    assert view({"a": b"1"}, {"a": Directory(), "a/b": b"2"}, wanted=bytes_of("a".__eq__)) == {}


def test_links_show_what_they_lead_to() -> None:
    layers: tuple[dict[str, Entry], ...] = (
        {"usr/lib/os-release": b"1", "etc/os-release": Symlink("../usr/lib/os-release")},
        {"usr/lib/os-release": b"2"},
    )
    assert view(*layers)["etc/os-release"] == [("0", b"1"), ("1", b"2")]
    assert view(*layers, wanted=bytes_of("etc/os-release".__eq__)) == {"etc/os-release": [("0", b"1"), ("1", b"2")]}


def test_links_start_at_the_root_of_the_image_and_never_leave_it() -> None:
    base: dict[str, Entry] = {"etc/hostname": b"inside"}
    for target in ("/etc/hostname", "../../../etc/hostname", "/../etc/./hostname", "//etc//hostname"):
        assert view({**base, "d/l": Symlink(target)}, wanted=bytes_of("d/l".__eq__)) == {"d/l": [("0", b"inside")]}
    assert view({"l": Symlink("/etc/passwd")}) == {}


def test_links_lead_through_links_to_directories() -> None:
    base: dict[str, Entry] = {"usr/lib/x": b"1", "lib": Symlink("usr/lib"), "l": Symlink("lib/x"), "k": Symlink("l")}
    assert view(base, wanted=bytes_of("k".__eq__)) == {"k": [("0", b"1")]}
    assert view(base, {"lib": Whiteout()}, wanted=bytes_of("k".__eq__)) == {}
    assert view(base, {"lib": Directory(), "lib/x": b"2"}, wanted=bytes_of("k".__eq__)) == {"k": [("1", b"2")]}


def test_loops_end() -> None:
    assert view({"a": Symlink("b"), "b": Symlink("a"), "c": Symlink("c/c")}) == {}
    assert codes({"a": Symlink("b"), "b": Symlink("a")}) == ["link-loop", "link-loop"]


def test_a_hard_link_to_what_nobody_wanted_costs_a_second_pass_over_that_layer() -> None:
    source = Memory([pack({"x": b"0"}), pack({"a": b"1", "b": Hardlink("a"), "c": Hardlink("b")}), pack({"y": b"2"})])
    found = read(source, bytes_of("c".__eq__))
    assert shown(found.files) == {"c": [("1", b"1")]}
    assert found.problems == ()
    assert source.passes[0] == [0, 1, 2]
    assert all(numbers == [1] for numbers in source.passes[1:])


def test_a_symbolic_link_to_a_hard_link_to_what_nobody_wanted() -> None:
    layers: list[dict[str, Entry]] = [{"a": b"1", "b": Hardlink("a"), "l": Symlink("b")}]
    assert view(*layers, wanted=bytes_of("l".__eq__)) == {"l": [("0", b"1")]}
    assert view(*layers, {"b": b"2"}, wanted=bytes_of("l".__eq__)) == {"l": [("1", b"2")]}
    assert view(*layers, {"a": b"2"}, wanted=bytes_of("l".__eq__)) == {"l": [("0", b"1")]}


def test_a_link_between_two_kinds_reads_as_its_own() -> None:
    kinds = {"one": "1", "two": "2"}
    interest = Interest(lambda path: kinds.get(path, ""), lambda path, data: path.encode() + data)
    for link in (Symlink("one"), Hardlink("one")):
        source = Memory([pack({"one": b"!", "two": link})])
        assert shown(read(source, interest).files) == {"one": [("0", b"one!")], "two": [("0", b"two!")]}


def test_every_link_reads_by_its_own_name() -> None:
    interest = Interest(lambda path: "jar" * path.endswith(".jar"), lambda path, data: path.encode() + data)
    links: tuple[Entry, ...] = (Symlink("../x"), Hardlink("x"))
    for link in links:
        source = Memory([pack({"x": b"!", "a/1.jar": link, "b/2.jar": link}), pack({"x": Whiteout()})])
        shows = {} if isinstance(link, Symlink) else {"a/1.jar": [("0", b"a/1.jar!")], "b/2.jar": [("0", b"b/2.jar!")]}
        assert shown(read(source, interest).files) == shows
        assert source.passes == [[0, 1], [0]][: 1 if isinstance(link, Symlink) else 2]
    above = Memory([pack({"x": b"!"}), pack({"a/1.jar": Symlink("/x"), "b/2.jar": Symlink("/x")})])
    assert shown(read(above, interest).files) == {
        "a/1.jar": [("0", b"a/1.jar!")],
        "b/2.jar": [("0", b"b/2.jar!")],
    }
    assert above.passes == [[0, 1], [0]]


def test_links_beyond_counting_are_named() -> None:
    links: dict[str, Entry] = {f"l{number}": Symlink("x") for number in range(1_003)}
    found = read(Memory([pack({"x": b"1", **links})]), bytes_of(lambda path: path != "x"))
    assert len(found.files) == 1_000
    assert "too-many-links" in {problem.code for problem in found.problems}


def test_progress_counts_no_byte_twice() -> None:
    source = Memory([pack({"x": b"1", "l": Symlink("x")})])
    told: list[int] = []
    read(source, bytes_of("l".__eq__), on_progress=lambda done, _: told.append(done))
    assert source.passes == [[0], [0]]
    assert told[-1] == len(pack({"x": b"1", "l": Symlink("x")}))


def test_a_layer_once_read_is_never_read_again() -> None:
    class Cache(dict[str, bytes]):
        def put(self, digest: str, data: bytes) -> None:
            self[digest] = data

    cache = Cache()
    layers = [
        pack({"x": b"0", "d/l": Symlink("/x")}),
        pack({"a": b"1", "c": Hardlink("a"), "gone": b"1"}),
        pack({"gone": Whiteout(), "s": Symlink("a")}),
    ]
    interest = bytes_of({"c", "s", "gone", "d/l"}.__contains__)
    first, again, more = Memory(layers), Memory(layers), Memory([*layers, pack({"c": b"2"})])
    found = read(first, interest, cache)
    assert read(again, interest, cache) == found
    assert again.passes == []
    assert shown(read(more, interest, cache).files)["c"] == [("1", b"1"), ("3", b"2")]
    assert more.passes == [[3]]
    for damage in (b"", b"x", bytes(cache.popitem()[1][:-3])):
        assert read(Memory(layers), interest, Cache(dict.fromkeys(cache, damage))) == found


def test_a_damaged_layer_is_never_remembered() -> None:
    kept: dict[str, bytes] = {}

    class Cache:
        get = kept.get

        def put(self, digest: str, data: bytes) -> None:
            kept[digest] = data

    escapes: dict[str, Entry] = {f"../{number}": b"" for number in range(120)}
    damaged = pack({**escapes, "a": b"1", "b": b"2" * 2000})[:-11000]
    found = read(Memory([damaged, pack({"c": b"3"})]), everything, Cache())
    assert {problem.code for problem in found.problems} == {"path-escape", "more-problems", "damaged-layer"}
    assert len(kept) == 1


def test_a_program_replaced_by_a_directory_is_gone() -> None:
    class Whole:
        def feed(self, piece: bytes) -> None:
            self.piece = piece

        def done(self) -> bytes:
            return self.piece

    interest = Interest(lambda _path: "", lambda _path, data: data, lambda _path, _head, _size: Whole())
    layers: list[dict[str, Entry]] = [{"opt/tool": b"ELF", "opt/other": b"ELF"}, {"opt/tool": Directory()}]
    found = read(Memory([pack(entries) for entries in layers]), interest)
    assert shown(found.files) == {"opt/other": [("0", b"ELF")]}


def test_a_hard_link_to_a_lower_layer() -> None:
    assert view({"a": b"1"}, {"b": Hardlink("a")})["b"] == [("1", b"1")]
    assert view({"a": b"1"}, {"b": Hardlink("a")}, wanted=bytes_of("b".__eq__)) == {"b": [("1", b"1")]}
    assert codes({"b": Hardlink("a")}) == ["dangling-hard-link"]
    assert codes({"a": b"1"}, {"a": Whiteout()}, {"b": Hardlink("a")}) == ["dangling-hard-link"]


def test_a_hard_link_to_itself_ends() -> None:
    assert codes({"b": Hardlink("b")}) == ["unresolved-link"]


def test_a_layer_that_is_missing_is_said() -> None:
    class Lossy(Memory):
        def scan(self, numbers: Collection[int], scan: Scan, stop: Event) -> dict[int, LayerContents]:
            return {number: found for number, found in super().scan(numbers, scan, stop).items() if number}

    found = read(Lossy([pack({"a": b"1"}), pack({"b": b"2"})]), everything)
    assert shown(found.files) == {"b": [("1", b"2")]}
    assert [(problem.code, problem.where) for problem in found.problems] == [("damaged-layer", "0")]


def test_progress_counts_stored_bytes() -> None:
    seen: list[tuple[int, int]] = []
    layers = [pack({"a": b"1"}), pack({"b": b"2"})]
    read(Memory(layers), everything, None, lambda done, total: seen.append((done, total)))
    assert seen[-1][0] == sum(map(len, layers))


@dataclass
class Node:
    """A tree of the simplest kind, to compare with. A file has contents, a directory children."""

    contents: list[tuple[str, bytes]] = field(default_factory=list)
    children: "dict[str, Node] | None" = None


NAMES = st.sampled_from("ab")
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
ENTRIES = st.dictionaries(
    PATHS, st.one_of(st.binary(max_size=2), st.just(Whiteout()), st.just(Whiteout(opaque=True)), st.just(Directory())),
    max_size=5,
)  # fmt: skip


@given(st.lists(ENTRIES, min_size=1, max_size=4))
@settings(max_examples=400, deadline=None)
def test_as_applying_one_layer_after_the_other(layers: list[dict[str, Entry]]) -> None:
    sane = [{path: entry for path, entry in entries.items() if not _below_a_file(path, entries)} for entries in layers]
    root = Node(children={})
    for number, entries in enumerate(sane):
        _apply(root, str(number), entries)
    scanned = [(str(number), scan([pack(entries)], everything, Budget())) for number, entries in enumerate(sane)]
    assert shown(squash(scanned, everything.kind).files) == dict(_files(root, ""))


def _below_a_file(path: str, entries: dict[str, Entry]) -> bool:
    parts = path.split("/")
    above = ["/".join(parts[:n]) for n in range(1, len(parts))]
    return any(isinstance(entries.get(one), bytes) or entries.get(one) == Whiteout() for one in above)


def _apply(root: Node, layer: str, entries: dict[str, Entry]) -> None:
    for path, entry in entries.items():
        if isinstance(entry, Whiteout):
            _remove(root, path, entry.opaque)
    for path, entry in entries.items():
        if isinstance(entry, Whiteout) and not entry.opaque:
            # Parents are written even for what is removed.
            path = path.rpartition("/")[0]
            entry = Directory()
        if path:
            _put(root, path, layer, entry)


def _remove(root: Node, path: str, is_opaque: bool) -> None:
    node, parts = root, path.split("/")
    for part in parts[:-1]:
        if not node.children or part not in node.children:
            return
        node = node.children[part]
    if node.children and parts[-1] in node.children:
        if not is_opaque:
            del node.children[parts[-1]]
        elif node.children[parts[-1]].children is not None:
            node.children[parts[-1]].children = {}


def _put(root: Node, path: str, layer: str, entry: Entry) -> None:
    node, parts = root, path.split("/")
    for part in parts[:-1]:
        node = _directory(node, part)
    if not isinstance(entry, bytes):
        _directory(node, parts[-1])
        return
    assert node.children is not None
    old = node.children.get(parts[-1])
    before = old.contents if old and old.children is None else []
    node.children[parts[-1]] = Node([*before, (layer, entry)])


def _directory(node: Node, part: str) -> Node:
    assert node.children is not None
    child = node.children.get(part)
    if child is None or child.children is None:
        child = node.children[part] = Node(children={})
    return child


def _files(node: Node, path: str) -> list[tuple[str, list[tuple[str, bytes]]]]:
    if node.children is None:
        return [(path, node.contents)]
    return [
        found
        for name, child in sorted(node.children.items())
        for found in _files(child, f"{path}/{name}" if path else name)
    ]


def test_an_empty_layer_changes_nothing() -> None:
    assert squash([("0", LayerContents())], everything.kind).files == ()
