"""`envscout policy publish`."""

import os

import click

from envscout.cli import judging, options
from envscout.cli.session import Session


@click.command()
@click.argument("reference", metavar="REFERENCE")
@click.option("--policy-file", multiple=True, metavar="FILE", help="A file of policies; repeatable.")
@click.option("--policy-dir", multiple=True, metavar="DIR", help="The YAML and JSON files of a folder; repeatable.")
@click.option("--dry-run", is_flag=True, help="Check the files, and send nothing.")
@options.form("text", "json")
def command(
    reference: str, policy_file: tuple[str, ...], policy_dir: tuple[str, ...], dry_run: bool, form: str
) -> None:
    """Publish policies to a registry, for --policy-bundle; without files the standard ones.

    \b
    envscout policy publish registry.example.com/security/policies:v1 --policy-dir policies
    envscout policy myorg/myapp:v1.2.4 --policy-bundle registry.example.com/security/policies:v1

    Every file is checked first. What is published is an OCI artifact whose digest is printed; name it by that digest
    where nobody shall change it.
    """
    from envscout.policies.policy import standard
    from envscout.policies.writing import as_yaml
    from envscout.verbs import bundle

    paths = (*policy_file, *(path for folder in policy_dir for path in judging.in_folder(folder)))
    files = tuple((os.path.basename(path), judging.content(path)) for path in paths)  # noqa: PTH119
    done = bundle.publish(reference, files or (("standard.yaml", as_yaml(standard()).encode()),), dry_run=dry_run)
    ids = [each.id for each in done.policies]
    lines = [*(f"  {each}" for each in ids), f"Digest: {done.digest}" if done.digest else "nothing was sent"]
    options.tell(form, "policy-bundle", {"digest": done.digest or None, "policies": ids}, lines)
    if done.digest:
        Session.say(f"{len(ids)} policies published as {reference}")
