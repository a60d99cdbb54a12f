"""Web hooks, and what is sent like them. Signed by https://www.standardwebhooks.com: each key that counts signs."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from envscout.errors import EnvscoutError, LimitExceeded
from envscout.network.guarded import Guard, Limits
from envscout.notify import payload
from envscout.notify.messages import Message
from envscout.notify.schedule import Outcome
from envscout.notify.sentences import Said, said
from envscout.notify.target import Target

LIMITS = Limits(connect=5.0, read=15.0, whole=20.0, size=1 << 16, redirects=3)
_SECOND = 1_000_000
# What is wrong with a message stays wrong; everything else may be mended where it is received.
_NEVER = frozenset({400, 405, 411, 413, 414, 415, 422, 431})


def send(target: Target, identity: str, message: Message, at: int, guard: Guard, public_url: str) -> Outcome:
    """Send a message to a web hook, signed."""
    body = payload.encoded(message, public_url)
    return posted(guard, target.address, body, signed(target.secrets, identity, at, body), at)


def signed(secrets: tuple[str, ...], identity: str, at: int, body: bytes) -> dict[str, str]:
    """Return the headers of a message: its identity, the moment, and a signature by each key."""
    from standardwebhooks import Webhook

    moment = datetime.fromtimestamp(at // _SECOND, UTC)
    text = body.decode()
    return {
        "Content-Type": "application/json",
        "webhook-id": identity,
        "webhook-timestamp": str(at // _SECOND),
        "webhook-signature": " ".join(Webhook(each).sign(identity, moment, text) for each in secrets),
    }


def posted(guard: Guard, url: str, body: bytes, headers: Mapping[str, str], at: int) -> Outcome:
    """Post a body and judge the answer; what is said beside its status does not matter."""
    status, after = 0, 0.0
    try:
        with guard.stream("POST", url, headers, body, LIMITS) as answer:
            status, after = answer.status, _after(answer.headers.get("retry-after", ""), at)
            for _ in answer.chunks:
                pass
    except LimitExceeded:
        pass
    except EnvscoutError as error:
        # Whoever answered did so, even where the connection broke after it.
        if not status:
            return Outcome("again", error.cause)
    return _outcome(status, after)


def _outcome(status: int, after: float) -> Outcome:
    if 200 <= status < 300:
        return Outcome("sent")
    problem = f"the receiver answered {status}"
    if status == 410:
        return Outcome("gone", problem)
    return Outcome("never" if status in _NEVER else "again", problem, after)


def _after(text: str, at: int) -> float:
    """Read Retry-After: seconds, or a date (RFC 9110, 10.2.3); 0 for neither."""
    if text.isascii() and text.isdigit() and len(text) < 8:
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - at / _SECOND)
    except (ValueError, TypeError, OverflowError):
        return 0.0


def chat(form: Callable[[Said], Any]) -> Callable[[Target, str, Message, int, Guard, str], Outcome]:
    """Return a sender of a chat's own form of messages."""

    def sender(target: Target, identity: str, message: Message, at: int, guard: Guard, public_url: str) -> Outcome:
        headers = {"Content-Type": "application/json", "Idempotency-Key": identity}
        return posted(guard, target.address, msgspec.json.encode(form(said(message, public_url))), headers, at)

    return sender
