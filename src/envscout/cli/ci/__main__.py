"""Where a step of GitHub Actions begins: `python -m envscout.cli.ci`."""

import os
import sys

from envscout.cli.ci.step import run

if __name__ == "__main__":
    sys.exit(run(os.environ))
