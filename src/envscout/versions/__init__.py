"""An order is a byte key: `key(scheme, a) < key(scheme, b)` exactly when version a is older than version b.

Ranges of versions are half-open intervals of keys, `lo <= key < hi`; see `bounds` for their ends.
"""

from envscout.versions.bounds import HIGHEST, LOWEST, successor
from envscout.versions.schemes import ALIASES, RULES, SCHEMES, key

__all__ = ["ALIASES", "HIGHEST", "LOWEST", "RULES", "SCHEMES", "key", "successor"]
