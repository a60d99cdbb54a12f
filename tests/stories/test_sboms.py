"""SBOMs travel: what is written in any form is answered for like the image itself."""

from pathlib import Path

import pytest

from tests.stories.story import FILES, Desk, names, rootfs


@pytest.mark.parametrize("form", ["json", "cyclonedx", "spdx"])
def test_a_document_of_any_form_answers_like_the_image(watched: Desk, tmp_path: Path, form: str) -> None:
    folder, document = rootfs(tmp_path / "root", FILES), tmp_path / "document"
    watched.ok("sbom", "--format", form, "-o", document, f"fs://{folder}")
    expected = watched.call("cves", "--format", "json", f"fs://{folder}").json
    answer = watched.call("cves", "--format", "json", f"sbom://{document}").json
    assert names(answer) == names(expected)
    assert names(answer)
    assert answer["coverage"] == expected["coverage"]
    written, again = (
        watched.ok("sbom", "--format", form, where).json for where in (f"fs://{folder}", f"sbom://{document}")
    )
    kind = "components" if form == "cyclonedx" else "packages"
    assert len(again[kind]) == len(written[kind])


def test_a_filter_of_types_is_for_lists(watched: Desk, tmp_path: Path) -> None:
    folder = rootfs(tmp_path / "root", FILES)
    answer = watched.ok("sbom", "--format", "spdx", "--only-package-type", "npm", f"fs://{folder}")
    assert "--only-package-type is for --format list" in answer.err
    assert any("pkg:deb/" in line for line in answer.lines)
