"""An environment that nobody named an organization for is of who has it, else of whose images run in it."""

import pytest

from envscout.environments.owning import owner
from envscout.errors import UsageError


@pytest.mark.parametrize(
    ("having", "of_images", "expected"),
    [
        (["shop"], ["other", "other"], "shop"),
        ([], ["library", "library", "shop", "other", "shop"], "shop"),
        ([], ["library"], "library"),
        ([], [], "library"),
    ],
)
def test_whose_it_is(having: list[str], of_images: list[str], expected: str) -> None:
    assert owner("staging", having, of_images) == expected


def test_several_are_not_chosen_from() -> None:
    with pytest.raises(UsageError):
        owner("staging", ["one", "two"], ["one"])
