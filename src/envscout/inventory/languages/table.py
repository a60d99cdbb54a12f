"""What package managers of languages leave behind where they install."""

from envscout.inventory.cataloguer import Cataloguer

LANGUAGES = (
    Cataloguer(
        "python",
        "2",
        ("**/*.dist-info/METADATA", "**/*.egg-info/PKG-INFO", "**/EGG-INFO/PKG-INFO", "**/*.egg-info"),
        "languages.python",
        ("pypi",),
    ),
    Cataloguer(
        "npm",
        "2",
        ("**/node_modules/*/package.json", "**/node_modules/@*/*/package.json"),
        "languages.npm",
        ("npm",),
    ),
)
