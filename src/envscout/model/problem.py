"""What went wrong without stopping the work: damaged input that was read as far as possible."""

import msgspec


class Problem(msgspec.Struct, frozen=True, order=True):
    """One thing that could not be read or compared. It is shown to the user and never dropped.

    code: stable, kebab-case, for machines. message: one sentence for people. where: path, record id or package.
    """

    code: str
    message: str
    where: str = ""
