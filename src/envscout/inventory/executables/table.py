"""Who looks into executables, each with the version of what it would say."""

EXECUTABLES: tuple[tuple[str, str], ...] = (
    ("go-program", "1"),
    ("rust-program", "1"),
    ("known-program", "2"),
    ("packed-program", "1"),
    ("package-note", "1"),
)
