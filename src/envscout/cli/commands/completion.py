"""`envscout completion`."""

import contextlib
from pathlib import Path

import click

from envscout.cli import options

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@options.output
def command(shell: str, output: str) -> None:
    """Write the script with which a shell completes commands, flags, environments, services, images and CVE ids.

    \b
    envscout completion bash --output ~/.local/share/bash-completion/completions/envscout
    envscout completion zsh --output ~/.zfunc/_envscout
    envscout completion fish --output ~/.config/fish/completions/envscout.fish

    Or let the shell read it at its start: `source <(envscout completion bash)` in ~/.bashrc; the same with `zsh` in
    ~/.zshrc, behind `compinit`; `envscout completion fish | source` in fish's config.fish. A folder for zsh has to be
    named in `fpath`. `docker scout` needs no script of ours: the docker client's own completion asks its plugins.

    Names come from the store, which is only read. No image is opened and nothing is fetched.
    """
    script = Path(__file__).parents[1] / "shells" / f"envscout.{shell}"
    if output:
        with contextlib.suppress(OSError):
            # Few have the folder that their shell looks into; where it cannot be made, writing says why.
            Path(output).parent.mkdir(parents=True, exist_ok=True)
    with options.to_output(output):
        click.echo(script.read_text(encoding="utf-8"), nl=False)
