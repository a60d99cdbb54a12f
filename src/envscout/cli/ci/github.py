"""The comments of a pull request, as GitHub keeps them: https://docs.github.com/rest/issues/comments."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from envscout.client.transport import Answer, Transport, Way
from envscout.errors import NetworkError

PAGE = 100
MOST_PAGES = 50
_TRUSTED = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
_HEADERS = {
    "Accept": "application/vnd.github+json",
    "Content-Type": "application/json",
    "X-GitHub-Api-Version": "2022-11-28",
}
_HIDE = "mutation($id: ID!) {minimizeComment(input: {subjectId: $id, classifier: OUTDATED}) {clientMutationId}}"
_RIGHT = "the job needs `permissions: pull-requests: write`; a run for a pull request of a fork cannot have it"

T = TypeVar("T")


class _Author(msgspec.Struct, frozen=True):
    type: str = ""


class _Comment(msgspec.Struct, frozen=True):
    id: int
    node_id: str = ""
    body: str | None = ""
    user: _Author | None = None
    author_association: str = ""


class _Refusal(msgspec.Struct, frozen=True):
    message: str = ""


class _Done(msgspec.Struct, frozen=True):
    errors: tuple[_Refusal, ...] = ()


class Comments:
    """The comments of one pull request; use in a `with` block."""

    def __init__(self, environ: Mapping[str, str], token: str, repository: str, number: int) -> None:
        """Raise ConfigError for an address that is none."""
        address = environ.get("GITHUB_API_URL") or "https://api.github.com"
        self._transport = Transport(Way(address, token))
        self._graphql = environ.get("GITHUB_GRAPHQL_URL") or "https://api.github.com/graphql"
        self._token = token
        self._repository = f"/repos/{repository}/issues"
        self._number = number

    def __enter__(self) -> "Comments":
        return self

    def __exit__(self, *_: object) -> None:
        self._transport.close()

    def keep(self, mark: str, text: str, *, hide_previous: bool) -> str:
        """Write the comment with a mark, anew or in place of the last; return which. Raise NetworkError."""
        body = msgspec.json.encode({"body": f"{mark}\n{text}"})
        previous = self._found(mark)
        if previous and not hide_previous:
            self._send("PATCH", f"{self._repository}/comments/{previous.id}", body)
            return "updated"
        if previous:
            self._hide(previous)
        # A second attempt might leave a second comment.
        self._send("POST", f"{self._repository}/{self._number}/comments", body, attempts=1)
        return "created"

    def _found(self, mark: str) -> _Comment | None:
        """Return the newest comment that begins with a mark, written by a program or by one of the house."""
        ours: list[_Comment] = []
        for page in range(1, MOST_PAGES + 1):
            query = f"?per_page={PAGE}&page={page}"
            answer = self._send("GET", f"{self._repository}/{self._number}/comments{query}", b"")
            comments = _decoded(answer, list[_Comment])
            ours += [each for each in comments if (each.body or "").startswith(mark) and _is_trusted(each)]
            if len(comments) < PAGE:
                break
        return max(ours, key=lambda each: each.id, default=None)

    def _hide(self, comment: _Comment) -> None:
        address, _, path = self._graphql.rpartition("/")
        transport = Transport(Way(address, self._token))
        data = msgspec.json.encode({"query": _HIDE, "variables": {"id": comment.node_id}})
        try:
            answer = _checked(transport.send("POST", f"/{path}", data, _HEADERS))
        finally:
            transport.close()
        errors = _decoded(answer, _Done).errors
        if errors:
            raise NetworkError(f"GitHub does not hide the previous comment ({errors[0].message[:200]})", _RIGHT)

    def _send(self, method: str, path: str, data: bytes, attempts: int = 3) -> Answer:
        return _checked(self._transport.send(method, path, data, _HEADERS, attempts=attempts))


def _is_trusted(comment: _Comment) -> bool:
    return comment.author_association in _TRUSTED or bool(comment.user and comment.user.type == "Bot")


def _checked(answer: Answer) -> Answer:
    if answer.status in range(200, 300):
        return answer
    try:
        said = msgspec.json.decode(answer.body, type=_Refusal).message
    except msgspec.MsgspecError:
        said = ""
    raise NetworkError(f"GitHub answers {answer.status}{f' ({said[:200]})' if said else ''}", _RIGHT)


def _decoded(answer: Answer, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except msgspec.MsgspecError as error:
        raise NetworkError("GitHub's answer cannot be read") from error
