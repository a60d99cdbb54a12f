"""`envscout help`."""

import click


@click.command()
@click.argument("name", default="", metavar="[COMMAND]")
@click.pass_context
def command(ctx: click.Context, name: str) -> None:
    """Show the commands, or what one of them takes.

    \b
    envscout help
    envscout help cves
    """
    from envscout.cli.program import program

    arguments = [name, "--help"] if name else ["--help"]
    program.main(args=arguments, prog_name="envscout", standalone_mode=False, color=ctx.color)
