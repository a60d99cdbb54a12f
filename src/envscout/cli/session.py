"""What a command needs: settings, the store, and a voice. Progress, hints and problems go to stderr alone."""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import click

from envscout.cli.show.table import inert
from envscout.config import Settings
from envscout.errors import UsageError

if TYPE_CHECKING:
    from envscout.client.remote import Remote
    from envscout.store import Database, Place
    from envscout.verbs.look import Layers

P = ParamSpec("P")
R = TypeVar("R")

CHECK, CROSS, NOTE = "✓", "✗", "!"


class Session:
    """Settings and store of one command; use in a `with` block."""

    def __init__(self, store: str = "") -> None:
        """Read the settings; the store is opened when first asked for. store: a file to use instead of one's own."""
        self.settings = Settings()
        self._store = store
        self._stack = ExitStack()
        self._database: Database | None = None
        self._remote = self._server()
        self.told: set[str] = set()
        self.files: dict[str, bytes] = {}

    def _server(self) -> "Remote | None":
        address = self.settings.text("server")
        if not address or self._store:
            return None
        from envscout.client.keeping import way
        from envscout.client.remote import Remote

        remote = Remote(way(self.settings, address))
        self._stack.callback(remote.close)
        return remote

    @property
    def is_remote(self) -> bool:
        """Tell whether a server is asked."""
        return self._remote is not None

    @property
    def place(self) -> "Place":
        """Return where the store is. Raise UsageError where a server is asked instead."""
        if self._remote is not None:
            raise UsageError(
                "this works on a store itself, and the setting `server` names a server",
                "run it where the store is, without ENVSCOUT_SERVER",
            )
        return Path(self._store) if self._store else self.settings.store_place

    @property
    def database(self) -> "Database":
        """Return the open store, making it at its first use. Raise StoreError; UsageError where a server is asked."""
        if self._database is None:
            from envscout.store import Database

            place = self.place
            if isinstance(place, Path) and self._store and not place.is_file():
                raise UsageError(f"there is no store {self._store}", "name the file of one: `cache df` shows one's own")
            self._database = self._stack.enter_context(Database(place))
        return self._database

    def call(self, verb: "Callable[Concatenate[Database, P], R]", /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Have something done: by the server that is in the settings, else in this process on the store."""
        if self._remote is None:
            return self._here(verb, args, kwargs)
        done: R = self._remote.call(verb, args, kwargs)
        return done

    def layers(self, megabytes: int) -> "Layers | None":
        """Return what the store keeps of layers, None where that is far away: there they are read anew."""
        if self._remote is not None:
            return None
        from envscout.verbs.look import Layers

        return Layers(self.database, megabytes << 20)

    def _here(self, verb: "Callable[Concatenate[Database, P], R]", args: Any, kwargs: Any) -> R:
        from envscout.operations.table import OPERATIONS, name_of

        if OPERATIONS.get(name_of(verb), "read") == "read":
            return verb(self.database, *args, **kwargs)
        from envscout.cli.acting import actor
        from envscout.operations.performing import told

        with told(self.database, actor(), verb, args, kwargs):
            return verb(self.database, *args, **kwargs)

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def progress(self, what: str) -> Callable[[int, int], None]:
        """Return a callback that shows bytes read on a terminal, for as long as the session lasts."""
        if not sys.stderr.isatty():
            return lambda _done, _total: None
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

        console = Console(stderr=True)
        bar = self._stack.enter_context(
            Progress(
                TextColumn("    {task.description}"), BarColumn(), DownloadColumn(), console=console, transient=True
            )
        )
        task = bar.add_task(what, total=None)
        return lambda done, total: bar.update(task, completed=done, total=total or None)

    def status(self) -> Callable[[str], None]:
        """Return a callback that shows on a terminal what is being done, for as long as the session lasts."""
        if not sys.stderr.isatty():
            return lambda _text: None
        from rich.console import Console

        shown = self._stack.enter_context(Console(stderr=True).status("..."))
        return lambda text: shown.update(text)

    @staticmethod
    def say(text: str) -> None:
        """Tell a person that something was done."""
        click.echo(f"    {click.style(CHECK, fg='green')} {inert(text)}", err=True)

    @staticmethod
    def fail(text: str) -> None:
        """Tell a person what was found."""
        click.echo(f"    {click.style(CROSS, fg='red')} {inert(text)}", err=True)

    @staticmethod
    def warn(text: str) -> None:
        """Tell a person something they should know."""
        click.echo(f"    {click.style(NOTE, fg='yellow')} {inert(text)}", err=True)
