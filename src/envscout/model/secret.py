"""A secret that lies in an image, told without telling it."""

import msgspec


class Secret(msgspec.Struct, frozen=True):
    """One text of a known kind of secret, at one place of an image. The text itself is nowhere in it.

    kind: stable, kebab-case. title: the kind in words. certainty: `checked` (a checksum or its structure is right),
    `likely` (its form is), `example` (it looks made up, or lies among tests, documents or libraries).
    place: `file`, `environment`, `history`, `label` or `command`, the last four of the image's configuration.
    path: of the file as in File, else "". name: of the variable or label. line: from 1 in a text, else 0; in the
    history the step, from 1. layer: diff_id of the lowest layer that holds it, "" where none does. visible: a container
    sees it; else a later layer removed or replaced it, and whoever has the image can still read it.
    starts: up to four first characters, of kinds that begin the same for everybody. length: in bytes; 0 for a password.
    fingerprint: 16 hexadecimal digits, the same for the same secret everywhere; "" for what people choose, which
    anybody could find by guessing.
    """

    kind: str
    title: str
    certainty: str
    place: str
    path: str = ""
    name: str = ""
    line: int = 0
    layer: str = ""
    visible: bool = True
    starts: str = ""
    length: int = 0
    fingerprint: str = ""
