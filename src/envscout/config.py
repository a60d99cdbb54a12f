"""Settings: from `config.toml` and the environment, each documented in SETTINGS.

ENVSCOUT_HOME holds settings and store in one folder; without it the XDG base directories are used
(https://specifications.freedesktop.org/basedir-spec/). A variable `ENVSCOUT_<SETTING>` wins over the file.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from envscout.errors import ConfigError


class Setting(NamedTuple):
    """One setting: what kind of value it takes, its default, and what it is for."""

    kind: type[str] | type[int]
    default: str | int
    meaning: str


SETTINGS: Mapping[str, Setting] = {
    "organization": Setting(str, "", "organization of images and environments, where --org does not name one"),
    "store": Setting(
        str,
        "",
        "file of the database, sqlite:///PATH or postgresql://USER@HOST/DATABASE; by default envscout.db",
    ),
    "server": Setting(str, "", "address of a server (https://...) that answers instead of a store of one's own"),
    "server_ca": Setting(str, "", "file of certificates that vouch for the server, instead of the usual ones"),
    "server_plain": Setting(str, "", "yes: ask the server without encryption, where nobody else is on the way"),
    "token": Setting(str, "", "what the server is shown; `envscout login` keeps one where others cannot read it"),
    "admission_exempt": Setting(
        str,
        "kube-system,kube-public,kube-node-lease",
        "patterns of namespaces, separated by commas, in which the admission webhook lets everything run",
    ),
    "allow_private_addresses": Setting(
        str,
        "",
        "networks and hosts, separated by commas, that a server may connect to for others though they are not public",
    ),
    "oidc_issuer": Setting(str, "", "address of the issuer (OpenID Connect) through which people log in to a server"),
    "oidc_client_id": Setting(str, "", "what the server is called at that issuer"),
    "oidc_client_secret": Setting(str, "", "what it proves that with; empty for a public client"),
    "listen_host": Setting(str, "127.0.0.1", "address that `envscout serve` listens on"),
    "listen_port": Setting(int, 8080, "port that it listens on"),
    "processes": Setting(int, 1, "processes that answer"),
    "tls_cert": Setting(str, "", "file of the certificate chain with which it speaks TLS itself"),
    "tls_key": Setting(str, "", "file of the certificate's key"),
    "trusted_proxies": Setting(
        str, "", "networks, separated by commas, of proxies whose X-Forwarded-For, -Proto and X-Request-ID are believed"
    ),
    "log_format": Setting(str, "json", "form of the server's log on stderr: json or text"),
    "metrics_open": Setting(int, 0, "1: anybody who reaches the server may read /metrics; 0: whoever has a token"),
    "requests_per_second": Setting(
        int, 300, "requests that one principal, and one address, may make of a process on average; 0: any number"
    ),
    "public_url": Setting(str, "", "address under which people reach the server (https://...), for links in messages"),
    "max_feed_age_days": Setting(int, 7, "an advisory feed older than this makes answers partial"),
    "refresh_minutes": Setting(int, 15, "minutes between two times that a server asks for each feed; 0: never"),
    "quarantine_lost_percent": Setting(int, 20, "a feed that loses so much of its records at once is not applied"),
    "quarantine_growth": Setting(int, 10, "a feed that grows to so many times its records at once is not applied"),
    "bundle_key": Setting(str, "", "file of the private key that `envscout db bundle create` signs with"),
    "bundle_trust": Setting(
        str, "", "files of public keys, separated by commas, whose bundles `envscout db bundle apply` believes"
    ),
    "layer_cache_mb": Setting(int, 512, "mebibytes of the store for what is kept of layers already read; 0: none"),
    "retain_requests_days": Setting(
        int, 30, "days for which it is kept how looking into an image that was asked for ended"
    ),
    "retain_images_days": Setting(
        int, 0, "days for which an image is kept that no environment ever named; 0: for ever"
    ),
    "retain_feed_runs_days": Setting(
        int, 0, "days for which it is kept when a feed was applied, which dates what was known when; 0: for ever"
    ),
    "vex_authors": Setting(
        str,
        "",
        "expressions, separated by commas, of which one must be found in a VEX statement's author; empty: everybody",
    ),
    "vex_sources": Setting(
        str, "image,attached", "where VEX is taken from beside --vex-location: image, attached, both, or none"
    ),
    "osv_url": Setting(
        str,
        "https://osv-vulnerabilities.storage.googleapis.com",
        "where OSV's per-ecosystem zip files are fetched from",
    ),
    "epss_url": Setting(
        str, "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz", "where EPSS scores are fetched from"
    ),
    "kev_url": Setting(
        str,
        "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",
        "where CISA's known exploited vulnerabilities are fetched from",
    ),
}


SECRET = frozenset({"token", "oidc_client_secret"})
"""Settings that nobody is shown."""


class Folders(NamedTuple):
    """Where things live on this machine."""

    settings: Path
    data: Path


def folders(environ: Mapping[str, str] = os.environ) -> Folders:
    """Return the folders in use: one for all under ENVSCOUT_HOME, else those of XDG."""
    home = environ.get("ENVSCOUT_HOME")
    if home:
        base = Path(home).expanduser().absolute()
        return Folders(base, base)

    def xdg(variable: str, fallback: str) -> Path:
        value = environ.get(variable, "")
        # The specification has relative paths ignored.
        return (Path(value) if value.startswith("/") else Path.home() / fallback) / "envscout"

    return Folders(xdg("XDG_CONFIG_HOME", ".config"), xdg("XDG_DATA_HOME", ".local/share"))


class Settings:
    """The settings in force. `get` answers by name, the environment first, then the file, then the default."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        """Read the settings file. Raise ConfigError where it cannot be understood."""
        self._environ = environ
        self.folders = folders(environ)
        self.file = self.folders.settings / "config.toml"
        self._values = _read(self.file)

    def get(self, name: str) -> str | int:
        """Return a setting. Raise ConfigError for a name or a value that has no meaning."""
        setting = known(name)
        variable = f"ENVSCOUT_{name.upper()}"
        if self._environ.get(variable):
            return _convert(name, setting, self._environ[variable], variable)
        if name in self._values:
            return _convert(name, setting, self._values[name], str(self.file))
        return setting.default

    def text(self, name: str) -> str:
        """Return a setting as text."""
        return str(self.get(name))

    def shown(self, name: str) -> str | int:
        """Return a setting as it may be shown: without a password, and no secret at all."""
        value = self.get(name)
        if name in SECRET:
            return "***" if value else ""
        return without_password(value) if isinstance(value, str) else value

    @property
    def store_place(self) -> Path | str:
        """Return the file of the embedded store, or the address of a PostgreSQL database."""
        place = self.text("store")
        return place_of(place) if place else self.folders.data / "envscout.db"


def place_of(text: str) -> Path | str:
    """Return the file or the address that a text names as a store. Raise ConfigError."""
    if text.startswith(_POSTGRESQL):
        return text
    if text.startswith("sqlite:///"):
        text = "/" + text.removeprefix("sqlite:///").lstrip("/")
    if "://" in text:
        raise ConfigError(
            f"the store {text.split(':')[0]}://... is not supported", "use a path, sqlite:///PATH or postgresql://..."
        )
    return Path(text).expanduser().absolute()


_POSTGRESQL = ("postgresql://", "postgres://")
_PASSWORDS = re.compile(r"(?<=://)([^:@/?]*):.*@|(?<=[?&])((?:ssl)?password=)[^&]*")


def without_password(address: str) -> str:
    """Return an address with every password in it blotted out. What follows one may go with it, never less."""
    if not address.startswith(_POSTGRESQL):
        return address
    return _PASSWORDS.sub(lambda found: f"{found[2]}***" if found[2] else f"{found[1]}:***@", address)


def known(name: str) -> Setting:
    """Return the description of a setting. Raise ConfigError if there is none of this name."""
    if name not in SETTINGS:
        raise ConfigError(f"there is no setting {name!r}", f"the settings are: {', '.join(SETTINGS)}")
    return SETTINGS[name]


def _read(file: Path) -> dict[str, object]:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {file}: {error}", "check the file and its permissions") from error
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is not TOML: {error}", "mend the line named, or delete the file") from error


def _convert(name: str, setting: Setting, value: object, origin: str) -> str | int:
    if setting.kind is int and isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    if isinstance(value, setting.kind) and not isinstance(value, bool):
        return value
    wanted = "a whole number" if setting.kind is int else "a text"
    raise ConfigError(f"{name} in {origin} must be {wanted}, not {value!r}", f"envscout config {name} VALUE sets it")


def write(settings: Settings, name: str, value: str) -> None:
    """Set one value in the settings file, leaving every other line as it is. Raise ConfigError."""
    setting = known(name)
    converted = _convert(name, setting, value, "the command")
    if not value.isprintable():
        raise ConfigError(f"{name} cannot be {value!r}", "write it without control characters, in UTF-8")
    import json
    import tempfile

    # The JSON of a printable text is a TOML basic string (https://toml.io/en/v1.0.0#string), but for halves of
    # characters that JSON may write; a JSON integer is a TOML integer.
    line = f"{name} = {json.dumps(converted, ensure_ascii=False)}"
    file = settings.file
    try:
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        kept = [each for each in lines if each.partition("=")[0].strip() != name]
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=file.parent, delete=False) as out:
            out.write("\n".join([line, *kept]) + "\n")
        Path(out.name).replace(file)
    except OSError as error:
        raise ConfigError(f"cannot write {file}: {error.strerror}", "check its permissions") from error
