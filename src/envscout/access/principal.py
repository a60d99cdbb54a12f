"""Who asks, and what they may."""

import msgspec

from envscout.access.roles import ROLES, Action, Role


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
