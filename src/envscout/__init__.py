"""envscout: which image runs in which environment, and what that means."""

__version__ = "0.1.0"
