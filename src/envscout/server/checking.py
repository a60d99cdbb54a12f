"""What can be seen to be wrong before anybody is let in: told at once, and not by a process that ends by itself."""

import socket
import ssl

from envscout.config import Settings
from envscout.errors import ConfigError, EnvscoutError
from envscout.server.surrounding import Proxies

MOST_PROCESSES = 64
FORMS = ("json", "text")


def check(settings: Settings) -> None:
    """Raise ConfigError for settings that nothing can be served with, EnvscoutError where nobody can listen."""
    _within("processes", int(settings.get("processes")), 1, MOST_PROCESSES)
    _within("listen_port", int(settings.get("listen_port")), 0, 65_535)
    form = settings.text("log_format")
    if form not in FORMS:
        raise ConfigError(f"log_format is {form!r}, and must be one of: {', '.join(FORMS)}", "choose one of them")
    Proxies(settings.text("trusted_proxies"))
    _certificate(settings.text("tls_cert"), settings.text("tls_key"))
    _listening(settings.text("listen_host"), int(settings.get("listen_port")))


def _within(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise ConfigError(f"{name} is {value}", f"give a number from {least} to {most}")


def _certificate(chain: str, key: str) -> None:
    """Raise ConfigError for a certificate with which nobody can speak TLS."""
    if not chain:
        if key:
            raise ConfigError("tls_key is given, and no tls_cert", "give both, or neither to speak without TLS")
        return
    try:
        # A key under a password would have somebody asked for it at a terminal that is not there.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(chain, key or None, password=lambda: "")
    except OSError as error:
        said = error.reason if isinstance(error, ssl.SSLError) and error.reason else error.strerror or str(error)
        raise ConfigError(
            f"{chain} and {key or 'the key in it'} cannot be used for TLS: {said}",
            "tls_cert is a chain in PEM, the server's own certificate first; tls_key its key, without a password",
        ) from error


def _listening(host: str, port: int) -> None:
    """Raise EnvscoutError where nobody can listen."""
    problem: OSError | UnicodeError | None = None
    try:
        for family, kind, protocol, _, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            try:
                with socket.socket(family, kind, protocol) as tried:
                    tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    tried.bind(place)
                    return
            except OSError as error:
                problem = error
    except (OSError, UnicodeError) as error:
        problem = error
    raise EnvscoutError(
        f"nobody can listen on {host}, port {port}: {getattr(problem, 'strerror', '') or problem}",
        "name another address or port with --host and --port, or end who listens there",
    ) from problem
