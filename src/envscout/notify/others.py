"""All that apprise speaks to. It connects by itself: what it looks up meanwhile is looked at."""

import functools
import logging
import warnings
from typing import Any

from envscout.errors import EnvscoutError, ForbiddenAddress, UsageError
from envscout.network.guarded import Guard
from envscout.network.within import within
from envscout.notify.messages import Message
from envscout.notify.schedule import Outcome
from envscout.notify.sentences import said
from envscout.notify.target import Target


def send(target: Target, identity: str, message: Message, at: int, guard: Guard, public_url: str) -> Outcome:  # noqa: ARG001
    """Send a message by apprise, which tells whether it was taken and not why not."""
    try:
        plugin = service(target.address)
    except EnvscoutError as error:
        return Outcome("again", error.cause)
    words = said(message, public_url)
    body = "\n".join((*words.lines, words.url)).strip() or words.title
    try:
        with within(guard.permitted):
            taken = plugin.notify(body=body, title=words.title, body_format="text")
    except ForbiddenAddress as error:
        return Outcome("again", error.cause)
    except Exception as error:  # nearly two hundred plug-ins raise what they like
        return Outcome("again", f"apprise: {type(error).__name__}")
    return Outcome("sent") if taken else Outcome("again", "the service did not take it")


def service(address: str) -> Any:
    """Return apprise's object for an address, which only sends. Raise UsageError."""
    maker, asset_of = _library()
    # It would write addresses, and with them secrets, to the log.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    asset = asset_of(async_mode=False, secure_logging=True, plugin_paths=(), app_id="envscout", app_url="")
    with warnings.catch_warnings():
        # It loads its plug-ins now, and they use what later versions of Python have no more.
        warnings.simplefilter("ignore")
        plugin = maker.instantiate(address, asset=asset, suppress_exceptions=True)
    if plugin is None:
        scheme = address.partition("://")[0]
        raise UsageError(
            f"apprise cannot read this {scheme}:// address", f"see https://appriseit.com/services for {scheme}"
        )
    return plugin


@functools.cache
def _library() -> tuple[Any, Any]:
    """Return what is used of apprise, which takes seconds to load."""
    try:
        from apprise import Apprise, AppriseAsset
    except ImportError as error:
        raise UsageError("apprise is not installed", "pip install 'envscout[server]'") from error
    return Apprise, AppriseAsset
