"""A worker whose code atheris watches: it has to be told before our modules are loaded."""

import sys


def main() -> None:
    """Run `fuzz.worker` with everything of envscout instrumented, whenever it is imported."""
    import atheris

    # Entered and never left: most modules are imported when they first read something.
    atheris.instrument_imports(include=["envscout"]).__enter__()
    from fuzz import worker

    worker.main(sys.argv[1:])


if __name__ == "__main__":
    main()
