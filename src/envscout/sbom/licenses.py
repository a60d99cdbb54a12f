"""Which words of packages are licences that SPDX knows: ids, and expressions of them.

Everything else, and that is a lot (`BSD`, `see LICENSE`), stays what it is: somebody's words.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from license_expression import Licensing

MAX_LENGTH = 500
"""Characters of an expression that is looked at."""

_FIT = re.compile(r"[A-Za-z0-9.+() -]*[A-Za-z0-9][A-Za-z0-9.+() -]*")


@lru_cache(maxsize=4096)
def expression(text: str) -> str:
    """Return a valid SPDX expression in its present spelling (`GPL-2.0+` is `GPL-2.0-or-later`), "" if it is none.

    https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/
    """
    if len(text) > MAX_LENGTH or not _FIT.fullmatch(text):
        return ""
    try:
        normal = str(_licensing().parse(text, validate=True, strict=True))
    except Exception:
        # The library has errors of every kind for what is no expression, failed assertions among them.
        return ""
    return "" if "LicenseRef-" in normal else normal


def is_id(text: str) -> bool:
    """Tell whether a valid expression is a single id."""
    return text.isprintable() and not set(text) & set(" ()+")


@lru_cache(maxsize=1)
def _licensing() -> "Licensing":
    from license_expression import get_spdx_licensing

    return get_spdx_licensing()
