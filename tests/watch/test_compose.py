"""Compose files say which images run: real ones as docker compose reads them, awkward ones with the line at fault."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from envscout.errors import EnvscoutError
from envscout.model import Problem
from envscout.watch.compose import declaration
from envscout.watch.declared import Declaration, references

Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return what writes a file and tells its path."""

    def write(text: str, name: str = "compose.yaml") -> str:
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        return str(place)

    return write


def images(told: Declaration) -> dict[str, str]:
    """Return the reference of each service."""
    return {each.service: each.reference for each in told.declared}


def codes(problems: tuple[Problem, ...]) -> list[tuple[str, int]]:
    """Return code and line of each."""
    return [(each.code, int(each.where.rpartition(":")[2])) for each in problems]


# Read off the files by hand: images, services that are only built, variables that have no value.
REAL: Mapping[str, tuple[tuple[str, ...], int, int]] = {
    "angular": ((), 1, 0),
    "apache-php": ((), 1, 0),
    "aspnet-mssql": (("mcr.microsoft.com/azure-sql-edge:1.0.4",), 1, 0),
    "django": ((), 1, 0),
    "elasticsearch-logstash-kibana": (("elasticsearch:7.16.1", "logstash:7.16.1", "kibana:7.16.1"), 0, 0),
    "fastapi": ((), 1, 0),
    "flask": ((), 1, 0),
    "flask-redis": (("redislabs/redismod",), 1, 0),
    "gitea-postgres": (("gitea/gitea:latest", "postgres:alpine"), 0, 0),
    "minecraft": (("itzg/minecraft-server",), 0, 0),
    "nextcloud-postgres": (("nextcloud:apache", "postgres:alpine"), 0, 0),
    "nextcloud-redis-mariadb": (("nextcloud:apache", "redis:alpine", "mariadb:10.5"), 0, 0),
    "nginx-aspnet-mysql": (("mariadb:10-focal",), 2, 0),
    "nginx-flask-mongo": (("nginx", "mongo"), 1, 0),
    "nginx-flask-mysql": (("mariadb:10-focal",), 2, 0),
    "nginx-golang": (("nginx",), 1, 0),
    "nginx-golang-mysql": (("mariadb:10-focal", "nginx"), 1, 0),
    "nginx-golang-postgres": (("postgres", "nginx"), 1, 0),
    "nginx-nodejs-redis": (("redislabs/redismod",), 3, 0),
    "nginx-wsgi-flask": ((), 2, 0),
    "pihole-cloudflared-DoH": (("visibilityspots/cloudflared", "pihole/pihole:latest"), 0, 7),
    "plex": (("linuxserver/plex",), 0, 1),
    "portainer": (("portainer/portainer-ce:alpine",), 0, 0),
    "postgresql-pgadmin": (("postgres:latest", "dpage/pgadmin4:latest"), 0, 5),
    "prometheus-grafana": (("prom/prometheus", "grafana/grafana"), 0, 0),
    "react-express-mongodb": (("mongo:4.2.0",), 2, 0),
    "react-express-mysql": (("mariadb:10.6.4-focal",), 2, 0),
    "react-java-mysql": (("mariadb:10.6.4-focal",), 2, 0),
    "react-nginx": ((), 1, 0),
    "react-rust-postgres": (("postgres:12-alpine",), 2, 0),
    "sparkjava": ((), 1, 0),
    "sparkjava-mysql": (("mariadb:10.6.4-focal",), 1, 0),
    "spring-postgres": (("postgres",), 1, 0),
    "traefik-golang": (("traefik:2.6",), 1, 0),
    "vuejs": ((), 1, 0),
    "wasmedge-kafka-mysql": (("docker.redpanda.com/vectorized/redpanda:v22.2.2", "etl-kafka", "mariadb:10.9"), 0, 0),
    "wasmedge-mysql-nginx": (("nginx:alpine", "demo-microservice", "mariadb:10.9"), 0, 0),
    "wireguard": (("linuxserver/wireguard",), 0, 2),
    "wordpress-mysql": (("mariadb:10.6.4-focal", "wordpress:latest"), 0, 0),
}


def test_every_image_of_real_files_is_found(data: Path) -> None:
    found = {}
    for file in (data / "deploy" / "compose").iterdir():
        told = declaration([str(file)], {})
        assert told.problems == ()
        kinds = [each.code for each in told.notes]
        references = tuple(each.reference for each in told.declared)
        name = file.name.rpartition("_compose")[0]
        found[name] = references, kinds.count("build-only"), kinds.count("unset-variable")
        lines = file.read_text().splitlines()
        for each in told.declared:
            assert each.reference in lines[int(each.where.rpartition(":")[2]) - 1], each
    assert found == REAL


def test_variables_come_from_the_process_then_from_files(write: Write, tmp_path: Path) -> None:
    file = write(
        "services:\n  a:\n    image: x/a:${A:-default}\n  b:\n    image: x/b:$B\n  c:\n    image: 'x/c:${C-1}'\n"
    )
    write("A=file\nB=file\n", ".env")
    assert images(declaration([file], {"B": "process"})) == {"a": "x/a:file", "b": "x/b:process", "c": "x/c:1"}
    other = write("B=other\n", "other.env")
    assert images(declaration([file], {}, [other])) == {"a": "x/a:default", "b": "x/b:other", "c": "x/c:1"}


def test_later_files_change_earlier_ones(write: Write) -> None:
    base = write("services:\n  a: {image: 'x/a:1', build: .}\n  b: {image: 'x/b:1'}\n  c: {image: 'x/c:1'}\n")
    over = write(
        "services:\n  a: {image: 'x/a:2'}\n  b: {environment: {}}\n  c: !reset null\n  d: {build: .}\n"
        "  e: {image: !reset }\n",
        "over.yaml",
    )
    told = declaration([base, over], {})
    assert images(told) == {"a": "x/a:2", "b": "x/b:1"}
    assert codes(told.notes) == [("build-only", 5)]
    assert codes(told.problems) == [("unclear-reference", 6)]


def test_services_extend_others_and_files_include_files(write: Write) -> None:
    write("services:\n  base: {image: 'x/base:${V}'}\n  built: {build: .}\n", "common/base.yaml")
    write("services:\n  other: {image: 'x/other:${V:-inner}'}\n", "part/compose.yaml")
    write("V=beside\n", "part/.env")
    file = write(
        "include:\n  - part/compose.yaml\n"
        "services:\n"
        "  one: {extends: {file: common/base.yaml, service: base}}\n"
        "  two: {extends: one, image: 'x/two:1'}\n"
        "  three: {extends: two}\n"
        "  four: {extends: {file: common/base.yaml, service: built}}\n"
    )
    told = declaration([file], {"V": "7"})
    assert images(told) == {"other": "x/other:7", "one": "x/base:7", "two": "x/two:1", "three": "x/two:1"}
    assert codes(told.notes) == [("build-only", 3)]
    assert images(declaration([file], {}))["other"] == "x/other:beside"


def test_variables_without_a_value_are_told_of_files_that_others_lead_to(write: Write) -> None:
    write("services:\n  base:\n    image: x/base:$A\n", "base.yaml")
    write("services:\n  other:\n    image: x/other\n    command: $B\n", "other.yaml")
    file = write("include: [other.yaml]\nservices: {a: {extends: {file: base.yaml, service: base}}}\n")
    told = declaration([file], {})
    assert images(told) == {"other": "x/other", "a": "x/base:"}
    assert codes(told.notes) == [("unset-variable", 4), ("unset-variable", 3)]


def test_anchors_and_merge_keys(write: Write) -> None:
    file = write(
        "x-a: &a {image: 'x/a:1', scale: 2}\nx-b: &b {image: 'x/b:1'}\n"
        "services:\n  one: *a\n  two: {<<: *a, image: 'x/two:1'}\n  three: {<<: [*b, *a]}\n"
    )
    assert images(declaration([file], {})) == {"one": "x/a:1", "two": "x/two:1", "three": "x/b:1"}


def test_only_what_runs_is_declared(write: Write) -> None:
    file = write(
        "services:\n  always: {image: 'x/a'}\n  debug: {image: 'x/b', profiles: [debug, '${P:-dev}']}\n"
        "  none: {image: 'x/c', scale: 0}\n  zero: {image: 'x/d', deploy: {replicas: '${N:-0}'}}\n"
    )
    told = declaration([file], {})
    assert images(told) == {"always": "x/a"}
    assert [each.code for each in told.notes] == ["inactive-profile", "scaled-to-zero", "scaled-to-zero"]
    assert set(images(declaration([file], {"N": "1"}, profiles=["dev"]))) == {"always", "debug", "zero"}
    assert set(images(declaration([file], {"COMPOSE_PROFILES": "x,debug"}))) == {"always", "debug"}
    assert set(images(declaration([file], {}, profiles=["*"]))) == {"always", "debug"}


def test_profiles_are_those_of_the_flags_or_else_of_the_variable(write: Write) -> None:
    file = write("services:\n  a: {image: 'x/a', profiles: [debug]}\n  b: {image: 'x/b', profiles: [web]}\n")
    assert set(images(declaration([file], {"COMPOSE_PROFILES": "debug, web"}))) == {"a", "b"}
    assert set(images(declaration([file], {"COMPOSE_PROFILES": "debug"}, profiles=["web"]))) == {"b"}


def test_what_is_needed_and_not_active_is_told_and_the_rest_goes_on(write: Write) -> None:
    file = write(
        "services:\n  a:\n    image: x/a\n    depends_on: [b, c]\n  b: {image: 'x/b', profiles: [p]}\n"
        "  c: {image: 'x/c'}\n"
    )
    told = declaration([file], {})
    assert images(told) == {"a": "x/a", "c": "x/c"}
    assert codes(told.problems) == [("unclear-reference", 3)]
    assert "service a needs b, which is of the profile p, which is not active" in told.problems[0].message
    assert declaration([file], {}, profiles=["p"]).problems == ()


def test_what_is_reset_is_as_if_it_had_never_been_said(write: Write) -> None:
    base = write("services:\n  a: {image: 'x/a', deploy: {replicas: 0}}\n  b: {image: 'x/b'}\n  c: {image: 'x/c'}\n")
    over = write(
        "services:\n  a: {deploy: !reset null}\n  b: {image: !reset null, build: .}\n  c: {provider: {type: model}, "
        "image: !reset null}\n",
        "over.yaml",
    )
    told = declaration([base, over], {})
    assert images(told) == {"a": "x/a"}
    assert told.problems == ()
    assert [each.code for each in told.notes] == ["build-only", "provided"]


def test_files_of_variables_know_those_before_and_the_project_its_name(write: Write) -> None:
    file = write("services:\n  a: {image: '${COMPOSE_PROJECT_NAME}/a:${TAG:-latest}'}\n", "My.Shop/compose.yaml")
    files = [write("VERSION=7\n", "one.env"), write("TAG=${VERSION}\n", "two.env")]
    assert images(declaration([file], {}, files)) == {"a": "myshop/a:7"}
    assert images(declaration([file], {"COMPOSE_PROJECT_NAME": "other"})) == {"a": "other/a:latest"}


def test_what_later_files_name_lies_beside_the_first(write: Write) -> None:
    write("services:\n  base: {image: 'x/base'}\n", "base.yaml")
    file = write("services: {}\n")
    over = write("services:\n  a: {extends: {file: base.yaml, service: base}}\n", "ci/over.yaml")
    assert images(declaration([file, over], {})) == {"a": "x/base"}


def test_a_reference_that_cannot_be_made_out_does_not_keep_the_rest(write: Write) -> None:
    file = write(
        "services:\n  good: {image: 'x/a:1'}\n  must:\n    image: x/b:${TAG:?set the tag}\n"
        "  blank:\n    image: ${IMAGE}\n"
        "  list:\n    image: [x]\n  open:\n    image: x:${A\n  lost: {extends: nobody}\n  loop: {extends: pool}\n"
        "  pool: {extends: loop}\n  away: {extends: {file: gone.yaml, service: a}}\n  nothing: {}\n  empty:\n"
        "  odd: {extends: {file: [{}], service: [a]}}\n  lists: {extends: [a]}\n"
    )
    told = declaration([file], {})
    assert images(told) == {"good": "x/a:1"}
    assert codes(told.problems) == [
        ("unclear-reference", line) for line in (4, 6, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18)
    ]
    assert "set the tag" in told.problems[0].message
    assert "gone.yaml" in told.problems[7].message


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is no Compose file"),
        ("- a\n", "it is no mapping"),
        ("version: '3'\n", "it has no `services`"),
        ("services: [a]\n", "`services` is no mapping"),
        ("services:\n  a: text\n", "the service a is no mapping"),
        ("services:\n  a: {image: x}\n  a: {image: y}\n", "compose.yaml:3: 'a' is there twice"),
        ("services:\n  a: {image: {{ .Values.image }}}\n", "compose.yaml:2"),
        ("services:\n\ta: {}\n", "compose.yaml:2 is no YAML"),
        ("a: &a\n  b: *a\nservices: {}\n", "holds itself"),
        ("a: " + "[" * 100 + "]" * 100, "nests more than"),
        ("include: compose.yaml\nservices: {}\n", "includes itself"),
        ("include: https://example.com/compose.yaml\nservices: {}\n", "nothing is fetched"),
        ("include: gone.yaml\nservices: {}\n", "there is no file"),
        ("include: ${A\nservices: {}\n", "names a file by a variable"),
        ("include: [{path: gone.yaml, project_directory: [{}]}]\nservices: {}\n", "there is no file"),
        ("services: \x00", "compose.yaml:1 is no YAML"),
        ("services:\n", "compose.yaml:1: `services` is no mapping"),
        ("include: [{env_file: x}]\nservices: {}\n", "compose.yaml:1 includes a file and says no path"),
        ('include: ["a\\0b"]\nservices: {}\n', "is the name of no file"),
        ("include: ['${A?}']\nservices: {}\n", "names a file by a variable: A has to have a value"),
        ("name: '${A?}'\nservices: {}\n", "the `name` of the project cannot be made out: A has to have a value"),
    ],
)
def test_a_broken_file_is_refused_with_the_cause(write: Write, text: str, why: str) -> None:
    with pytest.raises(EnvscoutError) as error:
        declaration([write(text)], {})
    assert why in error.value.cause
    assert error.value.next_step


@pytest.mark.parametrize(
    "text",
    [
        "services: {a: {image: a, scale: '$S'}}",
        "services: {a: {image: a, scale: 1, deploy: {replicas: '$N'}}}",
        "services: {a: {image: a, extends: '$S'}}",
        "services: {a: {extends: {file: '$S', service: a}}}",
        "services: {a: {extends: {file: 'https://u:$S@example.com/c', service: a}}}",
        "services: {a: {image: a, profiles: ['$S']}}",
        "services: {a: {image: a, profiles: ['$S']}, b: {image: b, depends_on: [a]}}",
        "services: {a: {image: a, depends_on: ['$S'], links: ['$S'], volumes_from: ['$S:ro'], pid: 'service:$S'}}",
        "services: {a: {image: 'a:${X:?$S}', command: '${X:?$S}'}}",
        "include: ['$S/a']",
        "include: [{path: d, project_directory: '$S'}]",
        "include: [{path: d, env_file: '$S'}]",
        "include: ['https://u:$S@example.com/c']",
        "include: ['${X:?$S}']",
        "name: '${X:?$S}'\nservices: {}",
    ],
)
def test_what_variables_hold_is_not_told(write: Write, text: str) -> None:
    write("include: [gone]", "d")
    said = []
    try:
        told = declaration([write(text)], {"S": "hunter2", "N": "4711", "COMPOSE_PROFILES": "none"})
        said = [f"{each.where} {each.message}" for each in (*told.problems, *told.notes)]
    except EnvscoutError as error:
        said = [error.cause, error.next_step]
    assert said
    assert not [each for each in said if "hunter2" in each or "4711" in each]


@pytest.mark.parametrize("image", ["reg/$S:1:2:3", "reg/a:$S:1", "fs://$S", "a@$S", "${T}"])
def test_what_variables_hold_is_not_told_of_what_is_no_image(write: Write, image: str) -> None:
    told = declaration([write(f"services: {{a: {{image: '{image}'}}}}")], {"S": "hunter2", "T": "$hunter2"})
    (named,) = references(told)
    assert named.reference is None
    assert image in named.why
    assert "hunter2" not in named.why


def test_aliases_do_not_unfold(write: Write) -> None:
    lines = ["x0: &x0 [a, a]"] + [f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]" for n in range(1, 40)]
    file = write("\n".join(lines) + "\nservices:\n  a: {image: 'x/a', labels: *x39}\n")
    assert images(declaration([file], {})) == {"a": "x/a"}


def test_ten_thousand_services(write: Write) -> None:
    file = write("services:\n" + "".join(f"  s{n}:\n    image: x/s{n}:1\n" for n in range(10_000)))
    told = declaration([file], {})
    assert len(told.declared) == 10_000
    assert told.declared[-1].where.endswith(":20001")
