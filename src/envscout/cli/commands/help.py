"""`envscout help`."""

import click


@click.command()
@click.argument("names", nargs=-1, metavar="[COMMAND...]")
@click.pass_context
def command(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Show the commands, or what one of them takes.

    \b
    envscout help
    envscout help cves
    envscout help policy test
    """
    from envscout.cli.program import program

    program.main(args=[*names, "--help"], prog_name="envscout", standalone_mode=False, color=ctx.color)
