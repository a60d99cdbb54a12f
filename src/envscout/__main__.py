"""`python -m envscout`."""

from envscout.cli.entry import main

main()
