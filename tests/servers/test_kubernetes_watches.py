"""Lists and watches of the cluster that other tests stand on."""

import pytest
import requests

from tests.servers.kubernetes import Cluster, cluster
from tests.servers.kubernetes_asking import PODS, ask, pod, short, until, watching, work


def test_ten_thousand_pods_are_read_as_they_were_at_one_time(api: Cluster) -> None:
    api.put_pods(10_000)
    version = str(api.version)
    names, token = [], ""
    while True:
        page = ask(api, PODS, limit=500, **({"continue": token} if token else {}))
        assert page["metadata"]["resourceVersion"] == version
        names += [each["metadata"]["name"] for each in page["items"]]
        api.delete("pods", "bulk", f"pod-{9_999 - len(names) // 500:05}")
        if not (token := page["metadata"].get("continue", "")):
            break
        assert page["metadata"]["remainingItemCount"] == 10_000 - len(names)
    assert names == [f"pod-{number:05}" for number in range(10_000)]
    assert ask(api, PODS, limit=1)["metadata"]["remainingItemCount"] == 9_979


def test_a_list_that_took_too_long_is_gone(api: Cluster) -> None:
    api.put_pods(5)
    page = ask(api, PODS, limit=2)
    api.compact()
    answer = requests.get(api.url + PODS, {"limit": "2", "continue": page["metadata"]["continue"]}, timeout=10)
    status = answer.json()
    assert (answer.status_code, status["code"], status["reason"]) == (410, 410, "Expired")
    # What it says instead goes on where the list was, with what there is now.
    api.delete("pods", "bulk", "pod-00002")
    page = ask(api, PODS, limit=2, **{"continue": status["metadata"]["continue"]})
    assert [each["metadata"]["name"] for each in page["items"]] == ["pod-00003", "pod-00004"]
    assert ask(api, PODS, **{"continue": "nonsense"})["reason"] == "BadRequest"


@pytest.mark.parametrize(
    ("labels", "fields", "names"),
    [
        ("app=one", "", ["one"]),
        ("app==one,app", "", ["one"]),
        ("app!=one", "", ["three", "two"]),
        ("app in (one, two)", "", ["one", "two"]),
        ("app notin (one,two),app", "", ["three"]),
        ("!app", "", []),
        ("", "metadata.name=two", ["two"]),
        ("", "metadata.namespace=kube-system", []),
        ("", "spec.nodeName=node-2", ["two"]),
        ("", "status.phase!=Running", ["three"]),
        ("app", "status.phase=Running,metadata.name!=one", ["two"]),
    ],
)
def test_selectors_choose(api: Cluster, labels: str, fields: str, names: list[str]) -> None:
    api.waiting["broken:1"] = "ImagePullBackOff"
    api.apply(pod("one"), pod("two", nodeName="node-2"), pod("three", "broken:1"))
    found = ask(api, PODS, labelSelector=labels, fieldSelector=fields)["items"]
    assert [each["metadata"]["name"] for each in found] == names


def test_the_items_of_a_list_do_not_repeat_what_they_are(api: Cluster) -> None:
    api.apply(pod("one"))
    listed = ask(api, "/api/v1/namespaces/default/pods")
    assert (listed["kind"], listed["apiVersion"]) == ("PodList", "v1")
    assert not listed["items"][0].keys() & {"kind", "apiVersion"}
    assert ask(api, "/api/v1/namespaces/kube-system/pods")["items"] == []


def test_a_watch_that_was_cut_goes_on_without_a_gap(api: Cluster) -> None:
    start = ask(api, PODS)["metadata"]["resourceVersion"]
    api.apply(pod("one"))
    with watching(api, resourceVersion=start) as watch:
        events = [watch.next() for _ in range(3)]
        assert [short(event) for event in events] == [("ADDED", "one"), ("MODIFIED", "one"), ("MODIFIED", "one")]
        assert [event["object"].get("status", {}).get("phase") for event in events] == [None, "Pending", "Running"]
        api.disconnect()
        assert api.watchers == 0
        assert watch.next() is None
    api.apply(pod("two"))
    api.delete("pods", "default", "one")
    with watching(api, resourceVersion=events[-1]["object"]["metadata"]["resourceVersion"]) as watch:
        names = [("ADDED", "two"), ("MODIFIED", "two"), ("MODIFIED", "two"), ("MODIFIED", "one"), ("DELETED", "one")]
        assert watch.take(5) == names


@pytest.mark.parametrize("start", ["", "0"])
def test_a_watch_from_nowhere_begins_with_what_there_is(api: Cluster, start: str) -> None:
    api.apply(pod("one"), pod("two"))
    with watching(api, resourceVersion=start) as watch:
        assert watch.take(2) == [("ADDED", "one"), ("ADDED", "two")]
        api.delete("pods", "default", "two")
        going, gone = watch.next(), watch.next()
    assert (short(going), short(gone)) == (("MODIFIED", "two"), ("DELETED", "two"))
    assert going["object"]["metadata"]["deletionTimestamp"]
    assert int(gone["object"]["metadata"]["resourceVersion"]) == api.version


def test_a_watch_may_say_where_what_there_is_ends(api: Cluster) -> None:
    api.apply(pod("one"))
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    with watching(api, **query) as watch:
        assert short(watch.next()) == ("ADDED", "one")
        mark = watch.next()
    assert mark["type"] == "BOOKMARK"
    assert mark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_what_no_longer_matches_is_deleted(api: Cluster) -> None:
    api.apply(pod("one"), pod("two"))
    with watching(api, resourceVersion=api.version, labelSelector="app=one") as watch:
        api.change("pods", "default", "one", {"metadata": {"labels": {"app": "other"}}})
        api.change("pods", "default", "two", {"metadata": {"labels": {"app": "one"}}})
        event = watch.next()
        assert short(event) == ("DELETED", "one")
        assert event["object"]["metadata"]["labels"] == {"app": "one"}
        assert short(watch.next()) == ("ADDED", "two")


@pytest.mark.parametrize("by_status", [False, True])
def test_a_watch_from_too_long_ago_is_gone(api: Cluster, by_status: bool) -> None:
    api.gone_by_status = by_status
    start = ask(api, PODS)["metadata"]["resourceVersion"]
    with watching(api, resourceVersion=start) as open_watch:
        until(lambda: api.watchers == 1)
        api.compact()
        with watching(api, resourceVersion=start) as watch:
            assert watch.status == (410 if by_status else 200)
            said = watch.next()
            status = said if by_status else said["object"]
            assert said.get("type") == (None if by_status else "ERROR")
            assert (status["kind"], status["code"], status["reason"]) == ("Status", 410, "Expired")
            assert watch.next() is None
        api.apply(pod("one"))
        assert short(open_watch.next()) == ("ADDED", "one")
    with watching(api, resourceVersion=ask(api, PODS)["metadata"]["resourceVersion"], timeoutSeconds=1) as watch:
        assert watch.next() is None


def test_history_is_bounded() -> None:
    with cluster(history=20) as api:
        start = api.version
        api.put_pods(30)
        with watching(api, resourceVersion=start) as watch:
            assert watch.next()["object"]["reason"] == "Expired"
        with watching(api, resourceVersion=api.version - 5) as watch:
            assert len(watch.take(5)) == 5


def test_bookmarks_say_how_far_a_quiet_watch_is(api: Cluster) -> None:
    api.bookmark_seconds = 0.2
    with watching(api, resourceVersion=api.version, allowWatchBookmarks="true", timeoutSeconds=1) as watch:
        api.apply(work("Deployment", "web", "img:1", replicas=0))
        marks = [watch.next()["object"] for _ in range(2)]
        assert {mark["kind"] for mark in marks} == {"Pod"}
        assert marks[-1]["metadata"]["resourceVersion"] == str(api.version)
        assert marks[-1].keys() == {"kind", "apiVersion", "metadata"}
        while watch.next():
            pass
    with watching(api, resourceVersion=api.version, timeoutSeconds=1) as watch:
        assert watch.next() is None
