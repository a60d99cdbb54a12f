"""Who asks, and what they may."""

import msgspec

from envscout.access.roles import ROLES, Action, Role
from envscout.errors import NotAllowed


class Principal(msgspec.Struct, frozen=True):
    """Somebody whose word was checked. organization: "" for all of them; environment: "" for any.

    subject: as the audit log names them, such as `token:ci` or `oidc:alice@example.com`.
    """

    subject: str
    role: Role
    organization: str = ""
    environment: str = ""

    def may(self, action: Action) -> bool:
        """Tell whether the role allows an action."""
        return action in ROLES[self.role]

    def check(self, action: Action, what: str) -> None:
        """Raise NotAllowed, which names the least role that may, unless the role allows an action. what: is done."""
        if not self.may(action):
            least = next(role for role, actions in ROLES.items() if action in actions)
            raise NotAllowed(f"{what} is not for the role {self.role}", f"ask an owner for the role {least}")
