"""Who and what a question is about: the organization and the names a service may have. Pure."""


def organization(option: str, configured: str, of_reference: str = "") -> str:
    """Return the organization: as asked for, else as configured, else of the reference, else `library`."""
    return option or configured or of_reference or "library"
