"""One message to one channel, by the sender of its kind."""

from collections.abc import Callable, Mapping

from envscout.network.guarded import Guard
from envscout.notify import forms, others, webhook
from envscout.notify.messages import Message
from envscout.notify.schedule import Outcome
from envscout.notify.target import Target

Sender = Callable[[Target, str, Message, int, Guard, str], Outcome]
"""A target, the identity of a message, the message, the moment, who connects, our address -> what became of it."""

SENDERS: Mapping[str, Sender] = {
    "webhook": webhook.send,
    "slack": webhook.chat(forms.slack),
    "discord": webhook.chat(forms.discord),
    "mattermost": webhook.chat(forms.mattermost),
    "teams": webhook.chat(forms.teams),
    "apprise": others.send,
}


def send(target: Target, identity: str, message: Message, at: int, guard: Guard, public_url: str = "") -> Outcome:
    """Send a message. What fails is told, not raised."""
    return SENDERS[target.kind](target, identity, message, at, guard, public_url)
