"""`envscout plugin install`."""

import os
import shutil
import sys
from pathlib import Path

import click

from envscout.cli.session import Session
from envscout.errors import ConfigError, NotFound

NAME = "docker-scout"
HOOKS = "pull,build,buildx build"
"""Commands of docker that are followed by a hint, as config.json spells them."""


@click.group()
def command() -> None:
    """Make `docker scout` run this program, or no longer."""


@command.command()
@click.option("--force", is_flag=True, help="Replace another docker-scout that is there.")
@click.option("--hooks", is_flag=True, help="Let docker show the next step after `docker pull` and `docker build`.")
def install(force: bool, hooks: bool) -> None:
    """Link this program into the docker client's folder of plugins as `docker-scout`, so that `docker scout` runs it.

    \b
    envscout plugin install
    docker scout version

    The folder is `cli-plugins` in $DOCKER_CONFIG, else in ~/.docker. Another `docker-scout` that is there stays, unless
    --force says otherwise. --hooks writes into the client's config.json which commands are followed by a hint.
    """
    _link(force)
    if hooks:
        _declare(_folder().parent / "config.json")


def _link(force: bool) -> None:
    program = _program()
    folder = _folder()
    link = folder / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if link.is_symlink() and link.resolve() == program.resolve():
            Session.say(f"{link} already runs {program}")
            return
        if link.exists() or link.is_symlink():
            if not force:
                raise ConfigError(f"{link} is there already and is not envscout", "`--force` replaces it")
            link.unlink()
        link.symlink_to(program)
    except OSError as error:
        raise ConfigError(f"cannot link {link}: {error.strerror}", "check the folder's permissions") from error
    Session.say(f"`docker scout` now runs {program}")


@command.command()
def uninstall() -> None:
    """Remove the link again; a `docker-scout` that is not envscout stays.

    \b
    envscout plugin uninstall
    """
    link = _folder() / NAME
    if link.is_symlink() and link.resolve() == _program().resolve():
        link.unlink()
        Session.say(f"Removed {link}")
    else:
        raise NotFound(f"{link} is not a link to envscout", "nothing was removed")


def _declare(file: Path) -> None:
    """Write into the docker client's configuration after which commands it is to call us; all else stays as it is."""
    import json

    from envscout.cli.output import whole

    try:
        content = json.loads(file.read_bytes()) if file.exists() else {}
        plugins = content.setdefault("plugins", {})
        plugins.setdefault("scout", {})["hooks"] = HOOKS
        with whole(file) as out:
            json.dump(content, out, indent="\t", ensure_ascii=False)
            out.write("\n")
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise ConfigError(
            f"cannot declare hooks in {file}: {error}", "check that it is docker's configuration"
        ) from error
    Session.say(f"Declared hooks in {file}: {HOOKS}")


def _folder() -> Path:
    return Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "cli-plugins"


def _program() -> Path:
    """Return the executable `docker-scout` that was installed beside the running program."""
    beside = Path(sys.argv[0]).absolute().parent / NAME
    found = beside if beside.exists() else Path(shutil.which(NAME) or Path(sys.executable).parent / NAME)
    if not found.exists():
        raise NotFound(f"there is no program {NAME} beside {sys.argv[0]}", "install envscout with pip, then try again")
    return found
