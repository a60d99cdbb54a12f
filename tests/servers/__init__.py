"""Real servers for tests: each starts on loopback, in a folder of its own, and stops only what it started."""
