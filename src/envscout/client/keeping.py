"""Where the token of a server is kept: in Docker's credential helper, else in a file that nobody else can read."""

import os
import tempfile
from pathlib import Path

import msgspec

from envscout.client.transport import Way
from envscout.config import Settings
from envscout.errors import ConfigError
from envscout.images import helpers

FILE = "tokens.json"
MAX_FILE = 1 << 20


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """A token, or the helper that keeps it."""

    token: str = ""
    helper: str = ""


def way(settings: Settings, address: str) -> Way:
    """Return how a server is reached: the token is that of the environment or the settings, else what `login` kept."""
    token = settings.text("token") or kept(settings, address)
    return Way(
        address, token, settings.text("server_ca"), settings.text("server_plain").lower() in ("yes", "true", "1")
    )


def kept(settings: Settings, address: str) -> str:
    """Return the token that is kept for a server, "" for none. Raise ConfigError."""
    found = _read(_file(settings)).get(_name(address))
    if found is None:
        return ""
    return found.token or helpers.get(found.helper, _key(address))


def keep(settings: Settings, address: str, token: str) -> str:
    """Keep the token of a server; return where. Raise ConfigError."""
    helper = helpers.chosen()
    if helper and helpers.put(helper, _key(address), token):
        _put(settings, address, Kept(helper=helper))
        return _helper(helper)
    _put(settings, address, Kept(token=token))
    return str(_file(settings))


def where(settings: Settings, address: str) -> str:
    """Return where the token of a server is kept, "" for nowhere. Raise ConfigError."""
    found = _read(_file(settings)).get(_name(address))
    if found is None:
        return ""
    return _helper(found.helper) if found.helper else str(_file(settings))


def forget(settings: Settings, address: str) -> bool:
    """Forget the token of a server; return whether there was one. Raise ConfigError."""
    found = _read(_file(settings)).get(_name(address))
    if found is None:
        return False
    if found.helper:
        helpers.drop(found.helper, _key(address))
    _put(settings, address, None)
    return True


def _helper(name: str) -> str:
    return f"the credential helper docker-credential-{name}"


def _file(settings: Settings) -> Path:
    return settings.folders.settings / FILE


def _name(address: str) -> str:
    return address.rstrip("/")


def _key(address: str) -> str:
    """Return what a helper knows the token under: no registry's address, which may be on the same host."""
    return f"{_name(address)}/api/v1"


def _read(file: Path) -> dict[str, Kept]:
    try:
        with file.open("rb") as opened:
            if os.name == "posix" and os.fstat(opened.fileno()).st_mode & 0o077:
                raise ConfigError(f"others may read the tokens in {file}", f"chmod 600 {file}")
            return msgspec.json.decode(opened.read(MAX_FILE), type=dict[str, Kept])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {file}: {error}", "delete it, and log in again") from error


def _put(settings: Settings, address: str, token: Kept | None) -> None:
    file = _file(settings)
    found = {name: each for name, each in _read(file).items() if name != _name(address)}
    if token is not None:
        found[_name(address)] = token
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # A file that mkstemp made is its owner's alone, from the first byte on.
        with tempfile.NamedTemporaryFile("wb", dir=file.parent, delete=False) as out:
            out.write(msgspec.json.encode(found) + b"\n")
        Path(out.name).replace(file)
    except OSError as error:
        raise ConfigError(f"cannot write {file}: {error.strerror}", "check its permissions") from error
