"""What the dashboard has, as its navigation shows it."""

from envscout.access.roles import Action

Section = tuple[tuple[str, ...], str, Action]
"""Segments of its path, its name, and what whoever looks must be allowed to do."""

SECTIONS: tuple[Section, ...] = (
    ((), "Overview", "read"),
    (("promotion",), "Promotion", "read"),
    (("vulnerabilities",), "Vulnerabilities", "read"),
    (("packages",), "Packages", "read"),
    (("images",), "Images", "read"),
    (("policies",), "Policies", "read"),
    (("exceptions",), "Exceptions", "read"),
    (("reports",), "Reports", "read"),
    (("feeds",), "Feeds", "read"),
    (("notifications",), "Notifications", "operate"),
    (("access",), "Access", "own"),
    (("audit",), "Audit log", "own"),
)
