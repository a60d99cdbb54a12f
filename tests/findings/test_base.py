"""Which base image is believed, and what it brought."""

from envscout.findings.base import brought, choose
from envscout.model import BaseImage, Image, Layer

A, B, C = (f"sha256:{letter * 64}" for letter in "abc")
GUESS = BaseImage("", "", 2, "history")


def known(name: str, digest: str, layers: int) -> BaseImage:
    return BaseImage(name, digest, layers, "known")


def provenance(name: str, digest: str = "") -> BaseImage:
    return BaseImage(name, digest, 0, "provenance")


def test_nobody_knows() -> None:
    assert choose((), ()) is None


def test_who_is_believed_before_whom() -> None:
    label = BaseImage("by-label", C, 0, "label")
    stored = known("stored", A, 3)
    assert choose((provenance("p", B), label, GUESS), [stored]) == BaseImage("p", B, 2, "provenance")
    assert choose((label, GUESS), [stored]) == BaseImage("by-label", C, 2, "label")
    assert choose((GUESS,), [stored]) == stored
    assert choose((GUESS,), []) == GUESS
    assert choose((label,), []) == BaseImage("by-label", C, 0, "label")


def test_a_base_that_is_known_has_as_many_layers_as_it_has() -> None:
    stored = [known("", A, 4), known("older", B, 1)]
    assert choose((provenance("p", B), GUESS), stored) == BaseImage("p", B, 1, "provenance")
    assert choose((provenance("", B), GUESS), stored) == BaseImage("older", B, 1, "provenance")


def test_of_several_stages_the_one_whose_layers_are_here() -> None:
    stages = (provenance("builder", C), provenance("runtime", B), provenance("tools", A), GUESS)
    assert choose(stages, [known("x", B, 2)]) == BaseImage("runtime", B, 2, "provenance")
    # Which one it was is not known: the history is all there is.
    assert choose(stages, []) == GUESS


def test_the_largest_and_named_of_those_that_are_known() -> None:
    assert choose((), [known("small", A, 1), known("", B, 3), known("named", C, 3)]) == known("named", C, 3)


def test_what_was_brought() -> None:
    image = Image("x", layers=tuple(Layer(each, each, "", 1) for each in (A, B, C)))
    inside = brought(image, known("n", A, 2))
    assert [inside(each) for each in (A, B, C, "")] == [True, True, False, None]
    for base in (None, BaseImage("n", "", 0, "label")):
        assert brought(image, base)(A) is None
