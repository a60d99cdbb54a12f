"""A command that takes a thing or a word: `policy IMAGE` beside `policy list`; the words win, and are loaded lazily."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import click


class WordsOrThing(click.Group):
    """A group whose own command runs where the first word is none of its commands; flags may stand anywhere.

    What is called like a word is still to be named, as `image://list`.
    """

    def __init__(self, default: click.Command, words: Mapping[str, str]) -> None:
        """Take the command for things, and for each word the module of envscout.cli.commands that holds `command`."""
        super().__init__(name=default.name, help=default.help, params=default.params)
        self.default = default
        self.words = words

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the words in alphabetical order."""
        return sorted(self.words)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return a word's command, None if it is no word."""
        if cmd_name not in self.words:
            return None
        command = import_module(f"envscout.cli.commands.{self.words[cmd_name]}").command
        assert isinstance(command, click.Command)
        return command

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the flags alone: the usage of a word does not begin with a thing."""
        return [each for each in super().get_params(ctx) if isinstance(each, click.Option)]

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return the usage of the command for things."""
        return self.default.collect_usage_pieces(ctx)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Leave all parsing to the command that is meant; help that is asked for without a word is that of all."""
        if self._place(args) is None and not {"-h", "--help"}.isdisjoint(args):
            click.echo(self.get_help(ctx), color=ctx.color)
            ctx.exit()
        ctx.args = args
        return args

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is meant, and its words; flags before a word are flags of its command."""
        place = self._place(args)
        if place is None:
            return self.default.name, self.default, args
        return args[place], self.get_command(ctx, args[place]), [*args[:place], *args[place + 1 :]]

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that is meant."""
        name, command, args = self.resolve_command(ctx, ctx.args)
        assert command is not None
        above, called = (ctx.parent, ctx.info_name) if command is self.default else (ctx, name)
        with command.make_context(called, args, parent=above) as inner:
            return command.invoke(inner)

    def _place(self, args: Sequence[str]) -> int | None:
        """Return where the first word that is no flag, nor a flag's value, stands, if it is one of ours."""
        takes_value = {
            name
            for each in self.params
            if isinstance(each, click.Option) and not (each.is_flag or each.count)
            for name in each.opts
        }
        is_value = False
        for place, word in enumerate(args):
            if is_value or word.startswith("-"):
                is_value = not is_value and word in takes_value
                continue
            return place if word in self.words else None
        return None
