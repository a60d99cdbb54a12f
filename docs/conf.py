"""How the documentation is built: `make docs`."""

from importlib.metadata import version as installed

project = "envscout"
author = "the envscout contributors"
project_copyright = "the envscout contributors, Apache-2.0"
version = release = installed("envscout")

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
nitpicky = True

man_pages = [("reference/cli", "envscout", "which image runs where, and which vulnerabilities that means", author, 1)]

html_theme = "furo"
html_title = f"envscout {version}"
