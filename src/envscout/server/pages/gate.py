"""May an image go where it is to go: what the policies in force there say, and why."""

import msgspec

from envscout.errors import UsageError
from envscout.server.asking import Asked
from envscout.server.pages.page import Page, Table
from envscout.server.routes import policies as resources
from envscout.server.routes.common import Name
from envscout.server.routes.policies import Target, Verdicts

SECTION = "Promotion"


class Candidate(Target, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which image is to go, and where."""

    digest: Name = ""


class Gate(msgspec.Struct, frozen=True):
    """The image, and what the policies say."""

    name: str
    said: Verdicts


def gate(asked: Asked) -> Gate:
    """Tell whether an image may go, beside what its service runs there. Nobody else is told."""
    query: Candidate = asked.query
    if not (query.digest and query.env):
        raise UsageError("it is not said which image is to go where", "follow a link of the promotion board")
    asked = msgspec.structs.replace(asked, path={**asked.path, "digest": query.digest})
    said = resources.verdicts(asked)
    return Gate(query.reference or said.judged.digest, said)


def _table(asked: Asked) -> Table:
    head = ("policy", "title", "state", "blocks", "result", "violations")
    said = gate(asked).said
    rows = (
        (each.policy, each.title, each.state, "yes" if each.blocks else "no", each.result, len(each.violations))
        for each in said.judged.verdicts
    )
    return Table(f"gate-{said.judged.environment}", head, rows)


PAGES = (Page("/promotion/gate", "gate", SECTION, gate, Candidate, table=_table),)
