"""Manifests say which images run, in whatever kind of object a pod is described."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from envscout.errors import EnvscoutError, SourceError
from envscout.watch import listing
from envscout.watch.manifests import declaration

_BOUTIQUE = "us-central1-docker.pkg.dev/online-boutique-ci/microservices-demo"

# Read off the files by hand, in their order.
REAL = {
    "bookinfo.yaml": [
        *(f"registry.istio.io/release/examples-bookinfo-{each}:1.20.3"
          for each in ("details-v1", "ratings-v1", "reviews-v1", "reviews-v2", "reviews-v3", "productpage-v1")),
    ],
    "microservices-demo.yaml": [
        *(f"{_BOUTIQUE}/{each}:v0.10.6" for each in ("frontend", "adservice", "currencyservice", "cartservice")),
        "redis:alpine",
        "busybox:1.38.0@sha256:fd8d9aa63ba2f0982b5304e1ee8d3b90a210bc1ffb5314d980eb6962f1a9715d",
        *(f"{_BOUTIQUE}/{each}:v0.10.6" for each in (
            "loadgenerator", "recommendationservice", "checkoutservice", "emailservice", "paymentservice",
            "shippingservice", "productcatalogservice")),
    ],
}  # fmt: skip

_POD = "containers: [{name: a, image: 'x/a:1'}]"
KINDS = [
    f"kind: Pod\nspec: {{{_POD}}}",
    *(f"kind: {kind}\nspec: {{template: {{spec: {{{_POD}}}}}}}"
      for kind in ("Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "Job", "ReplicationController", "Rollout")),
    f"kind: CronJob\nspec: {{jobTemplate: {{spec: {{template: {{spec: {{{_POD}}}}}}}}}}}",
    f"kind: PodTemplate\ntemplate: {{spec: {{{_POD}}}}}",
    f"kind: Strange\nspec: {{parts: [{{deep: {{podSpec: {{{_POD}}}}}}}]}}",
    f"kind: List\nitems: [{{kind: List, items: [{{kind: Pod, spec: {{{_POD}}}}}]}}]",
    f"kind: DeploymentList\nitems: [{{kind: Deployment, spec: {{template: {{spec: {{{_POD}}}}}}}}}]",
    '{"kind": "Pod", "spec": {"containers": [{"name": "a", "image": "x/a:1"}]}}',
]  # fmt: skip


def _file(folder: Path, text: str, name: str = "manifest.yaml") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def test_every_image_of_real_files_is_found(data: Path) -> None:
    for name, expected in REAL.items():
        told = declaration([str(data / "deploy" / "kubernetes" / name)])
        assert [each.reference for each in told.declared] == expected
        assert not told.problems
    told = declaration([str(data / "deploy" / "kubernetes")])
    assert len(told.declared) == sum(map(len, REAL.values()))


@pytest.mark.parametrize("text", KINDS)
def test_a_pod_is_found_in_every_kind(text: str, tmp_path: Path) -> None:
    told = declaration([_file(tmp_path, text)])
    assert [each.reference for each in told.declared] == ["x/a:1"]
    assert (told.problems, told.notes) == ((), ())


def test_init_and_ephemeral_containers_run_as_well(tmp_path: Path) -> None:
    text = (
        "kind: Pod\nmetadata: {name: p, namespace: n}\nspec:\n  initContainers:\n  - {name: i, image: 'x/i:1'}\n"
        "  containers:\n  - {name: c, image: 'x/c:1'}\n  ephemeralContainers:\n  - {name: e, image: 'x/e:1'}\n"
    )
    told = declaration([_file(tmp_path, text)])
    assert [(each.reference, int(each.where.rpartition(":")[2])) for each in told.declared] == [
        ("x/i:1", 5), ("x/c:1", 7), ("x/e:1", 9),
    ]  # fmt: skip
    assert told.declared[0].service == "Pod n/p, container i"


def test_an_image_may_be_a_volume(tmp_path: Path) -> None:
    text = (
        "kind: Pod\nmetadata: {name: p}\nspec:\n  volumes:\n  - name: model\n    image:\n      reference: x/model:1\n"
        "  - {name: tmp, emptyDir: {}}\n  - {name: none, image: {}}\n  containers:\n  - {name: c, image: 'x/c:1'}\n"
        "---\nkind: Strange\nspec: {volumes: [{image: {reference: 'x/s:1'}}, {image: {}}, {image: x}, {}]}\n"
    )
    told = declaration([_file(tmp_path, text)])
    assert [(each.reference, each.service, int(each.where.rpartition(":")[2])) for each in told.declared] == [
        ("x/c:1", "Pod p, container c", 11),
        ("x/model:1", "Pod p, volume model", 7),
        ("x/s:1", "Strange ?, volume ?", 14),
    ]
    (problem,) = told.problems
    assert problem.message == "Pod p, volume none has no image"
    assert problem.where.endswith("manifest.yaml:9")


def test_what_does_not_run_is_left_out_and_named(tmp_path: Path) -> None:
    texts = [
        f"kind: Deployment\nmetadata: {{name: zero}}\nspec: {{replicas: 0, template: {{spec: {{{_POD}}}}}}}",
        f"kind: CronJob\nmetadata: {{name: off}}\nspec: {{suspend: true, jobTemplate: {{spec: {{{_POD}}}}}}}",
        f"kind: Pod\nmetadata: {{name: t, annotations: {{helm.sh/hook: 'test, test-success'}}}}\nspec: {{{_POD}}}",
        f"kind: CustomResourceDefinition\nspec: {{{_POD}}}",
        "kind: Service\nspec: {ports: [{port: 80}]}",
        "",
    ]
    told = declaration([_file(tmp_path, "\n---\n".join(texts))])
    assert told.declared == ()
    assert [(each.code, each.message) for each in told.notes] == [
        ("scaled-to-zero", "Deployment zero is scaled to zero"),
        ("suspended", "CronJob off is suspended"),
        ("helm-test", "Pod t is a test of a Helm chart"),
    ]


@pytest.mark.parametrize("zero", ["00", "0x0", "0o0", "-0", "0b0", "0_0"])
def test_none_is_zero_however_it_is_written(zero: str, tmp_path: Path) -> None:
    (note,) = declaration([_file(tmp_path, f"kind: Deployment\nspec: {{replicas: {zero}, {_POD}}}")]).notes
    assert note.code == "scaled-to-zero"
    assert declaration([_file(tmp_path, f"kind: Deployment\nspec: {{replicas: {zero}1, {_POD}}}")]).declared


def test_a_container_without_an_image_is_a_problem(tmp_path: Path) -> None:
    text = "kind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - {name: a}\n  - {name: b, image: 'x/b:1'}\n"
    told = declaration([_file(tmp_path, text)])
    assert [each.reference for each in told.declared] == ["x/b:1"]
    (problem,) = told.problems
    assert problem.message == "Pod p, container a has no image"
    assert problem.where.endswith("manifest.yaml:5")


def test_what_operators_make_pods_of_is_found_as_far_as_it_names_images(tmp_path: Path) -> None:
    texts = [
        "kind: Workflow\nspec: {templates: [{container: {image: 'argo/a:1'}}, {script: {image: 'argo/b:1'}}]}",
        "kind: Task\nspec: {steps: [{image: 'tekton/a:1'}, {ref: {name: other}}], sidecars: [{image: 'tekton/b:1'}]}",
        # A part of a container, for an operator to fill in, beside a pod that lies deeper.
        "kind: Prometheus\nspec: {containers: [{name: p, args: [x]}], more: {containers: [{image: 'deep:1'}]}}",
        "kind: CronJob\nspec: {suspend: True, jobTemplate: {containers: [{image: x}]}}",
    ]
    told = declaration([_file(tmp_path, "\n---\n".join(texts))])
    assert [each.reference for each in told.declared] == ["argo/a:1", "argo/b:1", "tekton/a:1", "tekton/b:1", "deep:1"]
    assert told.problems == ()
    assert [each.code for each in told.notes] == ["suspended"]


def test_a_folder_is_read_but_for_what_lies_further_below(tmp_path: Path) -> None:
    _file(tmp_path, KINDS[0], "a.yml")
    _file(tmp_path, KINDS[-1], "b.json")
    _file(tmp_path, "no manifest", "notes.txt")
    (tmp_path / "below").mkdir()
    _file(tmp_path / "below", KINDS[0], "c.yaml")
    told = declaration([str(tmp_path)])
    assert len(told.declared) == 2
    assert [(each.code, each.where) for each in told.notes] == [("not-read", str(tmp_path / "below"))]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Return a folder that everybody may look into."""
    folder = Path(tempfile.mkdtemp(prefix="es-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_folder_that_may_not_be_looked_into(open_folder: Path) -> None:
    file = _file(open_folder, KINDS[0])
    closed = open_folder / "closed"
    closed.mkdir(0)
    declaration([file])
    me = os.geteuid()
    os.seteuid(me or 65534)
    try:
        told = declaration([str(open_folder)])
        with pytest.raises(SourceError) as error:
            declaration([str(closed)])
    finally:
        os.seteuid(me)
    assert len(told.declared) == 1
    assert [(each.code, each.where) for each in told.notes] == [("not-read", str(closed))]
    assert told.notes[0].message == error.value.cause == f"cannot read {closed}: Permission denied"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("kind: Pod\nspec:\n  image: {{ .Values.image }}\n", "manifest.yaml:3"),
        ("kind: Pod\nkind: Pod\n", "'kind' is there twice"),
        ("a: " + "{a: " * 80 + "}" * 80, "nests more than"),
        ("kind: &a [*a]\n", "holds itself"),
        ("\xff\xfe\x00", "is no YAML"),
    ],
)
def test_a_broken_file_is_refused_with_the_cause(text: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(EnvscoutError) as error:
        declaration([_file(tmp_path, text)])
    assert why in error.value.cause
    assert error.value.next_step


def test_a_folder_without_manifests_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EnvscoutError) as error:
        declaration([str(tmp_path)])
    assert "there is no manifest in" in error.value.cause


def test_a_list_of_images(tmp_path: Path) -> None:
    file = _file(tmp_path, "\ufeff# all\n\n x/a:1 # first\nx/b@sha256:0\r\n", "images")
    told = listing.declaration([file, file])
    assert [(each.reference, each.where) for each in told.declared] == [
        ("x/a:1", f"{file}:3"), ("x/b@sha256:0", f"{file}:4"),
    ] * 2  # fmt: skip
    (tmp_path / "images").write_bytes(b"\xff")
    with pytest.raises(EnvscoutError):
        listing.declaration([file])
