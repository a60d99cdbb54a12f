"""A plain list of images, one a line, as `envscout environment ENVIRONMENT` prints it."""

from collections.abc import Iterator, Sequence

from envscout.errors import SourceError
from envscout.watch.declared import Declaration, Declared
from envscout.watch.reading import read


def declaration(files: Sequence[str]) -> Declaration:
    """Return the images of files, "-" for standard input; what follows a `#` is a remark. Raise SourceError."""
    return Declaration(tuple(each for file in files for each in _declared(file)))


def _declared(file: str) -> Iterator[Declared]:
    name = "standard input" if file == "-" else file
    try:
        text = read(file).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{name} is no text: it is not in UTF-8", "write one image a line") from error
    for number, line in enumerate(text.splitlines(), 1):
        if told := line.partition("#")[0].strip():
            yield Declared("", told, f"{name}:{number}")
