"""The list of packages that distroless images of Azure Linux hold in place of rpm's database.

A line of `container-manifest-2` is what rpm answers to the query format NAME, VERSION-RELEASE, INSTALLTIME, BUILDTIME,
VENDOR, EPOCH, SIZE, ARCH, EPOCHNUM, SOURCERPM, with tabs between them; `(none)` stands for nothing.
"""

from envscout.inventory.distributions.damage import Damage
from envscout.inventory.distributions.rpm import Facts, packages
from envscout.inventory.record import Reading, text

_FIELDS = 10
_NONE = "(none)"


def read(path: str, data: bytes) -> Reading:
    """Return the packages of a manifest."""
    damage = Damage(path)
    found = []
    for number, line in enumerate(data.splitlines(), 1):
        words = [word.strip() for word in text(line).split("\t")]
        if len(words) == _FIELDS:
            found.append(_facts(["" if word == _NONE else word for word in words]))
        elif line.strip():
            damage.add(f"line {number} does not name a package")
    reading = packages(path, found)
    return Reading(reading.records, damage.problems + reading.problems)


def _facts(words: list[str]) -> Facts:
    epoch = words[8] if words[8].isdecimal() and words[8].isascii() else "0"
    return Facts(name=words[0], number=words[1], epoch=int(epoch[:9]), architecture=words[7], source=words[9])
