"""Who looks into executables, each with the version of what it would say."""

EXECUTABLES: tuple[tuple[str, str], ...] = (("go-program", "1"), ("rust-auditable", "1"), ("packed-program", "1"))
