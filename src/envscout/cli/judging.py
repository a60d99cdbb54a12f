"""Policies as a user chooses them on the command line, and what they say of an image."""

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from envscout.cli import options
from envscout.cli.session import Session
from envscout.errors import FeedError, InvalidReference, NotAllowed, UsageError
from envscout.names.address import shown

if TYPE_CHECKING:
    from envscout.model import Verdict
    from envscout.policies.facts import Running
    from envscout.policies.force import Effective
    from envscout.policies.policy import Policy
    from envscout.verbs.ask import ImageReport, Report

F = TypeVar("F", bound=Callable[..., Any])
_ATTESTED = "supply-chain-attestations"
_LOOKS = (_ATTESTED, "cel")
MAX_FILES = 200
SUFFIXES = (".yaml", ".yml", ".json")

_CHOICES: tuple[Callable[[Any], Any], ...] = (
    options.many("--only-policy", "Only these policies, by their ids."),
    click.option(
        "--policy-config",
        default="",
        metavar="FILE|URL",
        help="Change the standard policies; Docker Scout's files are understood.",
    ),
    click.option("--policy-file", multiple=True, metavar="FILE", help="Policies instead of all others; repeatable."),
    click.option(
        "--policy-dir",
        multiple=True,
        metavar="DIR",
        help="The same, from the YAML and JSON files of a folder; repeatable.",
    ),
    click.option(
        "--policy-bundle",
        multiple=True,
        metavar="REFERENCE",
        help="The same, from a registry where `envscout policy publish` put them; repeatable.",
    ),
)


def chosen(command: F) -> F:
    """Add the flags that choose policies."""
    for each in reversed(_CHOICES):
        command = each(command)
    return command


class Subject(msgspec.Struct, frozen=True):
    """What is judged. as_of: moment of its advisories. named: as the user named it. at: when, None for now.

    environment: where it is to go, "" where nobody said. running: what runs there, None where nothing does. looks:
    whether what is attached to it may be asked for in its registry; else what was seen last counts.
    """

    report: "ImageReport"
    as_of: int | None = None
    named: str = ""
    running: "Running | None" = None
    environment: str = ""
    at: int | None = None
    looks: bool = True


def organization(session: Session, named: str, environment: str, flags: dict[str, Any]) -> str:
    """Return the organization whose policies and exceptions count for an image: as asked for, or configured.

    Else the one whose environment it is to go to, and of several that of the image's name. flags: org and service.
    Raise UsageError where several are left: any of them could be meant, and each may ask for something else.
    """
    from envscout.environments import scope
    from envscout.names.reference import parse
    from envscout.verbs import govern

    reference = parse(named) if named else None
    own = reference.organization if reference else ""
    configured = session.settings.text("organization")
    if flags["org"] or configured or not environment:
        return scope.organization(flags["org"], configured, own)
    service = flags.get("service") or (reference.familiar if reference and reference.path else "")
    there = session.call(govern.owners, options.scope(session, "", environment, service))
    if len(there) == 1:
        return there[0]
    if there and own not in there:
        raise UsageError(
            f"several organizations have an environment {environment}: {', '.join(there[:20])}", "say which with --org"
        )
    return scope.organization("", "", own)


def in_force(
    session: Session, flags: dict[str, Any], organization: str, environment: str = "", at: int | None = None
) -> "Effective":
    """Return the policies to judge by: those of the command line, else what was in force in the store at a moment.

    flags: those of `chosen`; `proposed`: a file that is tried as if it were put in force.
    """
    from envscout.policies.force import Effective
    from envscout.verbs import govern

    if "proposed" in flags:
        policies = session.call(govern.proposed, flags["proposed"], organization, environment)
        return _some(Effective(policies, "file", flags["policy_file"][0]), environment)
    below = session.call(govern.in_force, organization, at=at).policies
    return of_flags(session, flags, environment, below) or session.call(govern.in_force, organization, environment, at)


def wanted(found: "Effective", flags: dict[str, Any]) -> "tuple[Policy, ...]":
    """Return those of the policies that --only-policy names, by default all. Raise UsageError for one not there."""
    from envscout.policies.kinds import canonical

    only = [canonical(name) for name in flags["only_policy"]]
    missing = set(only) - {each.id for each in found.policies}
    if missing:
        there = ", ".join(each.id for each in found.policies) or "none"
        raise UsageError(f"no policy is called {', '.join(sorted(missing))}", f"there are {there}")
    return tuple(each for each in found.policies if not only or each.id in only)


def of_flags(
    session: Session, flags: dict[str, Any], environment: str = "", organization: "Sequence[Policy] | None" = None
) -> "Effective | None":
    """Return the policies that the command line names, None where it names none. Raise UsageError.

    organization: what a file of an environment may extend.
    """
    from envscout.policies.force import Effective
    from envscout.policies.reading import read

    instead = list(_files(session, flags))
    place = flags["policy_config"]
    if instead and place:
        raise UsageError(
            "--policy-config changes the standard policies, the other flags replace them", "use one of them"
        )
    if place:
        where = shown(place)
        found = read(_once(session, place), where, extends=True, environment=environment, organization=organization)
        return _some(Effective(found, "config", where), environment)
    if not instead:
        return None
    known: dict[str, Policy] = {}
    for where, data in instead:
        for each in read(data, where, environment=environment, organization=organization):
            if each.id in known:
                raise UsageError(f"{where}: {each.id} is in another of the files, too", "give one of them another id")
            known[each.id] = each
    kinds = [
        word for word in ("file", "directory", "bundle") if flags[f"policy_{word[:3] if word[0] == 'd' else word}"]
    ]
    named = (*map(shown, flags["policy_file"]), *flags["policy_dir"], *flags["policy_bundle"])
    return _some(Effective(tuple(known.values()), " and ".join(kinds), ", ".join(map(str, named))), environment)


def _some(found: "Effective", environment: str) -> "Effective":
    """Return policies of the command line. Raise UsageError where there are none: whatever is judged would be met."""
    if found.policies:
        return found
    where = f" for environment {environment}" if environment else " where no environment is named"
    raise UsageError(
        f"{found.where} asks for no policy{where}",
        "check the file and the name of the environment; `envscout policy test FILE` tells what is in it",
    )


def _files(session: Session, flags: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file that is to be used instead of other policies."""
    for path in flags["policy_file"]:
        yield shown(path), _once(session, path)
    for folder in flags["policy_dir"]:
        for path in in_folder(folder):
            yield path, _once(session, path)
    for reference in flags["policy_bundle"]:
        from envscout.verbs import bundle

        pulled = bundle.pull(session.settings.folders.data / "policy-bundles", reference)
        if pulled.cached:
            session.warn(f"{reference}: {pulled.cached}; the copy at hand is used, {pulled.digest}")
        yield from ((f"{reference}: {name}", data) for name, data in pulled.files)


def in_folder(folder: str) -> list[str]:
    """Return the policy files of a folder, by name. Raise UsageError where there is none."""
    try:
        found = sorted(each for each in Path(folder).iterdir() if not each.name.startswith("."))
    except OSError as error:
        raise UsageError(f"cannot read {folder}: {error.strerror}", "check the path") from error
    # A rule in Rego is refused by name when it is read: left out it would be missed by nobody.
    files = [str(each) for each in found if each.suffix in (*SUFFIXES, ".rego") and each.is_file()]
    if not files or len(files) > MAX_FILES:
        raise UsageError(
            f"{folder} holds {len(files) or 'no'} policy files", f"1 to {MAX_FILES} files: {', '.join(SUFFIXES)}"
        )
    return files


def _once(session: Session, place: str) -> bytes:
    """Return the content of a file, the same for all that one command judges: stdin can be read once."""
    if place not in session.files:
        session.files[place] = content(place)
    return session.files[place]


def content(place: str) -> bytes:
    """Return the bytes of a policy file, a little more than allowed at most; `-` is stdin. Raise UsageError."""
    from envscout.policies.decoding import MAX_FILE

    if place.startswith(("https://", "http://")):
        return _fetched(place, MAX_FILE)
    try:
        if place == "-":
            return bytes(sys.stdin.buffer.read(MAX_FILE + 1))
        with Path(place).open("rb") as file:
            return file.read(MAX_FILE + 1)
    except OSError as error:
        raise UsageError(f"cannot read {place}: {error.strerror}", "check the path") from error


def _fetched(url: str, limit: int) -> bytes:
    from tempfile import TemporaryDirectory

    from envscout.advisories.fetch import Limits, fetch

    with TemporaryDirectory() as folder:
        into = Path(folder, "policies")
        try:
            fetch(url, "", "", into, Limits(limit))
        except FeedError as error:
            raise UsageError(error.cause, "check the address, or fetch the file yourself and pass its path") from error
        return into.read_bytes()


def beside(report: "Report | None") -> "Running | None":
    """Return what the answer about an environment says of that which an image is judged beside; None: nothing."""
    from envscout.operations import judging as gathering

    return gathering.beside(report)


def judged(session: Session, subject: Subject, flags: dict[str, Any]) -> "tuple[Effective, tuple[Verdict, ...]]":
    """Return the policies that count for a subject, and what they say. flags: those of `chosen`, org, platform, ref."""
    ran = subject.report.deployment
    owner = ran.organization if ran else organization(session, subject.named, subject.environment, flags)
    found = in_force(session, flags, owner, subject.environment, subject.at)
    return found, judge(session, subject, wanted(found, flags), flags)


def judge(
    session: Session, subject: Subject, chosen: "Sequence[Policy]", flags: dict[str, Any]
) -> "tuple[Verdict, ...]":
    """Return what policies say of an image. flags: platform and ref, as for opening it."""
    from envscout.operations import judging as gathering
    from envscout.policies.policy import judge as judge_by
    from envscout.verbs import gate

    answered = gathering.answered(subject.report, subject.environment, subject.running, subject.as_of, subject.at)
    attested = _attested(session, subject, flags) if any(each.kind in _LOOKS for each in chosen) else None
    return judge_by(chosen, session.call(gate.facts, answered, attested))


def _attested(session: Session, subject: Subject, flags: dict[str, Any]) -> tuple[str, ...] | None:
    """Return what is attached to the judged image, None where nobody can tell: at a past moment only what was seen."""
    from envscout.names.reference import parse
    from envscout.verbs import gate

    ran, number = subject.report.deployment, subject.report.image_id
    if subject.at is not None or not subject.looks:
        return session.call(gate.seen, number, subject.at)
    try:
        # What builders attach hangs on the index that led to the image, where there was one.
        digest = subject.report.image.index_digest or (ran.digest if ran else "")
        reference = parse(f"{ran.reference.partition('@')[0]}@{digest}" if ran else subject.named)
    except InvalidReference:
        # What was recorded from a place on disk is not to be found again by its digest.
        return session.call(gate.seen, number)
    platform = flags["platform"] or (subject.report.image.platform if ran else "")
    found = gate.attestations(reference, platform=platform, archive_ref=flags["ref"])
    if found is None:
        return session.call(gate.seen, number)
    try:
        return session.call(gate.keep, number, found)
    except NotAllowed:
        # Who may only ask judges by what is attached now, too; it is remembered when others look.
        return found
