"""Settings: where they come from, and what is said of wrong ones."""

from pathlib import Path

import pytest

from envscout.config import SETTINGS, Settings, folders, write
from envscout.errors import ConfigError


def test_one_folder_for_all_or_those_of_xdg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folders({"ENVSCOUT_HOME": str(tmp_path)}) == (tmp_path, tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert folders({}).settings == tmp_path / ".config/envscout"
    assert folders({"XDG_DATA_HOME": "/srv/data", "XDG_CONFIG_HOME": "relative"}) == (
        tmp_path / ".config/envscout",
        Path("/srv/data/envscout"),
    )


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    home = {"ENVSCOUT_HOME": str(tmp_path)}
    assert Settings(home).get("max_feed_age_days") == 7
    write(Settings(home), "max_feed_age_days", "3")
    assert Settings(home).get("max_feed_age_days") == 3
    assert Settings({**home, "ENVSCOUT_MAX_FEED_AGE_DAYS": "5"}).get("max_feed_age_days") == 5


def test_writing_keeps_every_other_line(tmp_path: Path) -> None:
    home = {"ENVSCOUT_HOME": str(tmp_path)}
    (tmp_path / "config.toml").write_text('# mine\norganization = "old"\n\n[unknown]\nkey = 1\n', encoding="utf-8")
    write(Settings(home), "organization", 'quo"ted\\ ünï')
    assert Settings(home).get("organization") == 'quo"ted\\ ünï'
    assert "# mine" in (tmp_path / "config.toml").read_text(encoding="utf-8")
    assert "[unknown]\nkey = 1" in (tmp_path / "config.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("content", "said"),
    [("organization = [", "not TOML"), ("max_feed_age_days = true", "whole number"), ("organization = 3", "a text")],
)
def test_a_wrong_file_is_named(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "config.toml").write_text(content, encoding="utf-8")

    def read_all() -> None:
        settings = Settings({"ENVSCOUT_HOME": str(tmp_path)})
        for name in SETTINGS:
            settings.get(name)

    with pytest.raises(ConfigError, match=said):
        read_all()


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    home = {"ENVSCOUT_HOME": str(tmp_path)}
    for value in ('my "org" \\ \U0001f600 é', "plain"):
        write(Settings(home), "organization", value)
        assert Settings(home).text("organization") == value
    for value in ("a\udcff", "a\nstore = 1", "a\x7f", "a\x00"):
        with pytest.raises(ConfigError, match="organization cannot be"):
            write(Settings(home), "organization", value)
    assert Settings(home).text("organization") == "plain"


def test_unknown_settings_and_stores_are_refused(tmp_path: Path) -> None:
    settings = Settings({"ENVSCOUT_HOME": str(tmp_path), "ENVSCOUT_STORE": "mysql://root:secret@db/x"})
    with pytest.raises(ConfigError, match="no setting 'nope'"):
        settings.get("nope")
    with pytest.raises(ConfigError, match="mysql") as error:
        _ = settings.store_place
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("place", ["{}/a.db", "sqlite:///{}/a.db"])
def test_the_store_may_lie_anywhere(tmp_path: Path, place: str) -> None:
    settings = Settings({"ENVSCOUT_HOME": "/nowhere", "ENVSCOUT_STORE": place.format(tmp_path)})
    assert settings.store_place == tmp_path / "a.db"
