"""Every way envscout can fail to answer, as one small tree.

    EnvscoutError                exit 1, HTTP 500
    ├── UsageError               exit 64, HTTP 400    the question itself is wrong
    │   └── InvalidReference     exit 64, HTTP 400    not an image reference or package URL
    ├── NotFound                 exit 1, HTTP 404     the thing asked about does not exist
    ├── SourceError              exit 1, HTTP 502     an image, archive or SBOM could not be read
    │   ├── DigestMismatch       exit 1, HTTP 502     bytes are not what their digest says
    │   ├── LimitExceeded        exit 1, HTTP 413     input larger or deeper than its bound
    │   └── AccessDenied         exit 1, HTTP 401     the registry or engine refused us
    ├── NetworkError             exit 1, HTTP 502     a server that we asked did not answer
    │   └── ForbiddenAddress     exit 1, HTTP 422     we do not connect to such an address
    ├── FeedError                exit 1, HTTP 502     an advisory feed could not be read
    ├── StoreError               exit 1, HTTP 503     the store cannot be read or written now
    │   ├── StoreLost            exit 1, HTTP 503     the store's server does not answer, or went away
    │   └── StoreBusy            exit 1, HTTP 503     another writer holds the store for too long
    ├── Unauthenticated          exit 1, HTTP 401     the server does not know who asks
    ├── NotAllowed               exit 1, HTTP 403     who asks may not do this
    ├── TooManyRequests          exit 1, HTTP 429     asked too often, or failed to say who asks too often
    └── ConfigError              exit 64, HTTP 400    a setting has no meaning

What could be read of damaged input is no error: it becomes a `model.Problem` that travels with the answer.
"""


class EnvscoutError(Exception):
    """An answer that could not be given: a cause, and the next step for the person who reads it."""

    exit_code = 1
    http_status = 500

    def __init__(self, cause: str, next_step: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.next_step = next_step


class UsageError(EnvscoutError):
    """The question itself is wrong."""

    exit_code = 64
    http_status = 400


class InvalidReference(UsageError):
    """A text that names neither an image nor a package."""


class ConfigError(UsageError):
    """A setting that has no meaning."""


class NotFound(EnvscoutError):
    """The thing asked about does not exist."""

    http_status = 404


class SourceError(EnvscoutError):
    """An image, archive, directory or SBOM that could not be read."""

    http_status = 502


class DigestMismatch(SourceError):
    """Bytes that are not what their digest says."""


class LimitExceeded(SourceError):
    """Input that is larger, deeper or more numerous than its bound."""

    http_status = 413


class AccessDenied(SourceError):
    """A registry or engine that refused us."""

    http_status = 401


class NetworkError(EnvscoutError):
    """A server that we asked on somebody's behalf did not answer."""

    http_status = 502


class ForbiddenAddress(NetworkError):
    """An address that we do not connect to on anybody's behalf."""

    http_status = 422


class Unauthenticated(EnvscoutError):
    """The server does not know who asks."""

    http_status = 401


class SeveralOrganizations(Unauthenticated):
    """Who asks belongs to several organizations, and has to say which one is meant."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(
            "you are a member of several organizations", "say which one is meant: X-Envscout-Organization: NAME"
        )
        self.names = names


class NotAllowed(EnvscoutError):
    """Who asks may not do this."""

    http_status = 403


class TooManyRequests(EnvscoutError):
    """Asked too often. after: seconds to wait."""

    http_status = 429

    def __init__(self, cause: str, next_step: str = "", after: float = 60.0) -> None:
        super().__init__(cause, next_step)
        self.after = after


class FeedError(EnvscoutError):
    """An advisory feed that could not be read. after: seconds that its server asked us to wait."""

    http_status = 502

    def __init__(self, cause: str, next_step: str = "", after: float = 0.0) -> None:
        super().__init__(cause, next_step)
        self.after = after


class StoreError(EnvscoutError):
    """A store that cannot be read or written now: a client of a server tries again."""

    http_status = 503


class StoreLost(StoreError):
    """A store whose server does not answer, or went away; what was not committed is not kept."""


class StoreBusy(StoreError):
    """Another writer holds the store for longer than we wait."""
