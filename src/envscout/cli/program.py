"""The command tree and what surrounds every command: lazy loading, errors, exit codes, interruption."""

import contextlib
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

import click

from envscout.errors import EnvscoutError, UsageError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# name -> module that holds `command`, and the line that help shows without importing it.
COMMANDS: Mapping[str, tuple[str, str]] = {
    "attestation": ("attestation", "List, read and add what is attached to an image"),
    "audit": ("audit", "Show who changed what, and prove that the record of it is whole"),
    "cache": ("cache", "Show or free what is kept of images that run nowhere"),
    "compare": ("compare", "Show how an image or an environment differs from another"),
    "completion": ("completion", "Write the script with which a shell completes commands"),
    "config": ("config", "Show or change settings"),
    "cves": ("cves", "Show the vulnerabilities of an image or of an environment"),
    "db": ("db", "Fetch advisories and show their state"),
    "demo": ("demo", "Show everything on a small sample fleet"),
    "enroll": ("enroll", "Enrol an organization or a repository"),
    "environment": ("environment", "Record, list and remove what runs where"),
    "exception": ("exception", "Say that a vulnerability does not count, and until when"),
    "explain": ("explain", "Show why a vulnerability is in an image, or is not"),
    "help": ("help", "Show the commands, or what one of them takes"),
    "integration": ("integration", "Register registries that are to be watched"),
    "login": ("login", "Have a server answer, and keep its token"),
    "logout": ("logout", "Forget the token of a server"),
    "member": ("member", "Say which people may do what"),
    "notify": ("notify", "Tell people and programs what changed"),
    "policy": ("policy", "Judge an image by policies"),
    "plugin": ("plugin", "Make `docker scout` run this program"),
    "push": ("push", "Look into an image, and attach what is in it"),
    "quickview": ("quickview", "Show the state of an image at a glance"),
    "recommendations": ("recommendations", "Show what to do about the vulnerabilities of an image"),
    "repo": ("repo", "Show repositories, and which are looked into unasked"),
    "report": ("report", "Write everything that an audit asks of an environment, as one file"),
    "sbom": ("sbom", "List the packages of an image"),
    "serve": ("serve", "Answer others over HTTP, from this store"),
    "store": ("store", "Copy, back up, restore and check the store"),
    "tasks": ("tasks", "Show the work of a server, and ask for some"),
    "token": ("token", "Make, list and revoke tokens"),
    "trust": ("trust", "Say whose signed word lets a pipeline in"),
    "vex": ("vex", "Read what publishers say of an image's vulnerabilities"),
    "version": ("version", "Show the version"),
    "watch": ("watch", "Index the images that are pushed to a registry"),
    "where": ("where", "Show where a vulnerability or a package runs"),
    "worker": ("worker", "Do the work of a server that answers elsewhere"),
}
# What help shows together; whatever is not named here comes last.
SECTIONS: Mapping[str, tuple[str, ...]] = {
    "What runs where": ("environment", "watch", "repo", "integration", "enroll", "push"),
    "What that means": ("where", "cves", "quickview", "explain", "compare", "recommendations", "report", "sbom", "db"),
    "For a team": ("login", "logout", "serve", "worker", "tasks", "token", "member", "trust", "audit", "store"),
    "What may go out, and what does not count": ("policy", "exception", "vex", "attestation"),
}
# What nobody is to type: an old name, and what the docker client calls.
HIDDEN: Mapping[str, str] = {"docker-cli-plugin-hooks": "hooks", "stream": "stream"}
ALIASES: Mapping[str, str] = {"attest": "attestation", "diff": "compare", "env": "environment", "qv": "quickview"}


class LazyGroup(click.Group):
    """A group that imports a command's module only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names in alphabetical order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return a command, None if there is none of this name."""
        name = ALIASES.get(cmd_name, cmd_name)
        module = HIDDEN.get(name) or COMMANDS.get(name, ("",))[0]
        if not module:
            return None
        command = import_module(f"envscout.cli.commands.{module}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve a command, suggesting near names for a wrong one."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], [*COMMANDS, *ALIASES], 1)
            hint = f"did you mean `{near[0]}`?" if near else "`envscout --help` lists the commands"
            raise UsageError(f"there is no command {args[0]!r}", hint)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem[str]]":
        """Return the commands that begin with a text, without importing them, and the group's own options."""
        from click.shell_completion import CompletionItem

        names = [CompletionItem(name, help=line) for name, (_, line) in COMMANDS.items() if name.startswith(incomplete)]
        return [*names, *super(click.Group, self).shell_complete(ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands without importing them."""
        chosen = {name for names in SECTIONS.values() for name in names}
        rest = tuple(name for name in sorted(COMMANDS) if name not in chosen)
        for title, names in {**SECTIONS, "The program itself": rest}.items():
            with formatter.section(title):
                formatter.write_dl([(name, COMMANDS[name][1]) for name in names if name in COMMANDS])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.option("--debug", is_flag=True, hidden=True, help="Show the trace of an error.")
@click.option("--verbose-debug", is_flag=True, hidden=True, help="Show the trace of an error.")
@click.pass_context
def program(ctx: click.Context, debug: bool, verbose_debug: bool) -> None:
    """Which container image runs in which environment, what is in it, and which vulnerabilities that means.

    \b
    envscout environment production registry.example.com/myorg/myapp:v1.2.0
    envscout db update
    envscout where CVE-2023-4863 --env production

    `envscout COMMAND --help` explains a command, with examples. All of it is also callable as `docker scout` after
    `envscout plugin install`.
    """
    ctx.obj = {"debug": debug or verbose_debug}


def execute(arguments: Sequence[str]) -> int:
    """Run a command; return its exit code: 0, 1, 2 (gate failed) or 64 (wrong usage)."""
    debug = bool({"--debug", "--verbose-debug"} & set(arguments))
    arguments = [each for each in arguments if each not in ("--debug", "--verbose-debug")]
    try:
        code = program.main(args=list(arguments), prog_name="envscout", standalone_mode=False, color=_color())
        if sys.stdout:
            sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return UsageError.exit_code
    except click.ClickException as error:
        ctx = getattr(error, "ctx", None)
        hint = f"`{ctx.command_path if ctx else 'envscout'} --help` shows what it takes"
        # A missing choice is told with a line for each.
        return _fail(" ".join(error.format_message().split()), hint, UsageError.exit_code)
    except (KeyboardInterrupt, click.Abort):
        return _fail("interrupted", "nothing half done was kept", 130)
    except BrokenPipeError:
        # The reader went away (`| head`).
        _silence()
        return 141
    except (EnvscoutError, UnicodeEncodeError, OSError) as error:
        if debug:
            raise
        return _failed(error)


def _failed(error: EnvscoutError | UnicodeEncodeError | OSError) -> int:
    if isinstance(error, EnvscoutError):
        return _fail(error.cause, error.next_step, error.exit_code)
    if isinstance(error, UnicodeEncodeError):
        # Bytes that are no text come in as words and variables; stores and documents cannot hold them.
        return _fail(f"{error.object[:200]!r} is no text", "write it in UTF-8", UsageError.exit_code)
    _silence()
    return _fail(f"{error}", "check disk and permissions; --debug shows where it happened", EnvscoutError.exit_code)


def _silence() -> None:
    """Point stdout elsewhere, so that the interpreter's own flush at the end stays quiet."""
    with contextlib.suppress(OSError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _color() -> bool | None:
    """Return False where colour is not wanted, None where the terminal decides: https://no-color.org."""
    return False if os.environ.get("NO_COLOR") else None


def _fail(cause: str, next_step: str, code: int) -> int:
    """Tell what failed. Much of it was said by registries and images."""
    from envscout.cli.show.table import inert

    click.echo(f"{click.style('ERROR', fg='red', bold=True)} {inert(cause)}", err=True, color=_color())
    if next_step:
        click.echo(f"      {inert(next_step)}", err=True)
    return code
