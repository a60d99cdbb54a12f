"""`envscout policy test`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from envscout.cli import asking, judging, options
from envscout.cli.session import Session
from envscout.errors import UsageError

if TYPE_CHECKING:
    from envscout.cli.show.backtest import Tried
    from envscout.model import Deployment
    from envscout.policies.policy import Policy
    from envscout.policies.reading import File

STOPPED = 2


@click.command()
@click.argument("file", metavar="FILE")
@click.argument("image", default="", metavar="[IMAGE|REPOSITORY]")
@click.option("--since", default="", metavar="TIME", help="Try it on what was promoted since: 90d, 2026-10-01.")
@click.option("--env", "environment", default=None, metavar="ENV", help="The environment that it is to be in force in.")
@options.org
@options.platform
@options.ref
@options.sbom_source
@click.option("--service", default="", metavar="NAME", help="The service, where no repository names it.")
@click.option("-e", "--exit-code", is_flag=True, help="Exit with 2 if something is, or would have been, stopped.")
@options.form("text", "json")
@options.output
def command(file: str, image: str, environment: str | None, output: str, form: str, **flags: Any) -> int:
    """Try a policy file without putting it in force: is it right, and what would it stop?

    \b
    envscout policy test proposed.yaml
    envscout policy test proposed.yaml myorg/myapp:v1.2.4 --env production
    envscout policy test proposed.yaml --since 90d
    envscout policy test proposed.yaml --since 90d --env production --format json

    With --since the file is tried on history: for every image that was recorded into an environment in that time, which
    verdict would have been given then, by the advisories and exceptions that were known at that moment, beside what ran
    there just before? Those that the file stops and the policies in force now let pass are marked.

    With --env alone it is tried on everything that runs there now, with IMAGE on that image, alone on nothing: then
    only what is in it is told.
    """
    from envscout.cli.show import backtest as show
    from envscout.policies.reading import parse

    with Session() as session, options.to_output(output):
        proposed = parse(judging.content(file), file)
        if image:
            flags |= {
                "only_policy": (),
                "policy_config": "",
                "policy_dir": (),
                "policy_bundle": (),
                "at": "",
                "to_latest": False,
                "proposed": proposed,
            }
            return _image(session, file, image, environment, form, flags)
        if not flags["since"] and environment is None:
            options.tell(form, "policy-file", show.contents(proposed, file), show.described(proposed))
            return 0
        tried = _tried(session, proposed, environment or "", flags)
        if form == "json":
            options.document(show.document(tried, file))
        else:
            for line in show.text(tried):
                click.echo(line)
        return STOPPED if flags["exit_code"] and tried.totals.stopped else 0


def _image(session: Session, file: str, image: str, environment: str | None, form: str, flags: dict[str, Any]) -> int:
    """Judge one image by the file, as `policy --policy-file` does."""
    from envscout.cli.commands.policy import exit_code, judged_image
    from envscout.cli.show import policy as show

    if flags["since"]:
        raise UsageError("--since tries all that was promoted, and an image is named, too", "leave one of them out")
    shown = judged_image(session, image, environment, {**flags, "policy_file": (file,)})
    if form == "json":
        options.document(show.document(shown))
    else:
        for line in show.text(shown):
            click.echo(line)
    return exit_code(session, shown.verdicts) if flags["exit_code"] else 0


def _tried(session: Session, proposed: "File", environment: str, flags: dict[str, Any]) -> "Tried":
    """Try a file on what was promoted, or on what runs."""
    from envscout.cli import backtesting
    from envscout.cli.show.backtest import Tried
    from envscout.policies.trial import totals
    from envscout.verbs import promotions

    if environment == "" and not flags["since"]:
        raise UsageError("the name of the environment is empty", "`envscout environment` lists the environments")
    since = options.when(flags["since"])
    asked = asking.question(session, {})
    scope = options.scope(session, flags["org"], environment, flags["service"])
    if since is None:
        found, repeated = session.call(promotions.standing, scope), 0
    else:
        found, repeated = session.call(promotions.promotions, scope, since)
    choices = _Choices(session, proposed)
    trials = tuple(backtesting.trials(session, found, asked, choices))
    return Tried(since, trials, totals(trials), repeated)


class _Choices:
    """The proposed and the present policies of each environment."""

    def __init__(self, session: Session, proposed: "File") -> None:
        self._session = session
        self._proposed = proposed
        self._known: dict[tuple[str, str], tuple[Sequence[Policy], Sequence[Policy]]] = {}

    def __call__(self, ran: "Deployment") -> "tuple[Sequence[Policy], Sequence[Policy]]":
        """Return them for where something was promoted to."""
        from envscout.verbs import govern

        scope = (ran.organization, ran.environment)
        if scope not in self._known:
            present = self._session.call(govern.in_force, *scope).policies
            self._known[scope] = (self._session.call(govern.proposed, self._proposed, *scope), present)
        return self._known[scope]
