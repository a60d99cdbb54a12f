"""The controllers and the nodes of a cluster in one: what is written leads to what follows from it, until nothing does.

Each works on one object whenever that or one of its own changes, as the real ones do; but all in one thread, in an
order that is the same every time.
"""

from collections import OrderedDict

from tests.servers.kubernetes_objects import Event
from tests.servers.kubernetes_owners import NAMESPACES, PODS, Key, Owners, key
from tests.servers.kubernetes_resources import BY_NAME, KINDS, Object
from tests.servers.kubernetes_selectors import Choice
from tests.servers.kubernetes_workloads import WORK

MOST_STEPS = 1_000_000


class Controllers:
    """All of them. jobs_end: whether what a Job runs comes to its end."""

    def __init__(self, owners: Owners) -> None:
        self.jobs_end = True
        self._owners = owners
        self._queue: OrderedDict[Key, None] = OrderedDict()
        owners.objects.listeners.append(self._noticed)

    def settle(self, everything: bool = False) -> None:
        """Do all that follows from what was written. everything: look at what nobody wrote, too."""
        with self._owners.objects.changed:
            if everything:
                self._queue.update(
                    (key(kind, held), None) for kind in KINDS for held in self._owners.objects.all(kind, Choice())
                )
            for _ in range(MOST_STEPS):
                if not self._queue:
                    return
                (kind, namespace, name), _ = self._queue.popitem(last=False)
                held = self._owners.objects.find(kind, namespace, name)
                if held and "deletionTimestamp" not in held["metadata"] and self._abandoned(held):
                    self._owners.delete(kind, held)
                elif held and kind is PODS:
                    self._pod(held)
                elif held and kind is NAMESPACES:
                    self._namespace(held)
                elif held and kind.name in WORK:
                    WORK[kind.name](self._owners, kind, held)
            raise AssertionError(f"it never settles: {list(self._queue)[:5]}")

    def forget(self) -> None:
        """Have nothing follow from what was written since."""
        self._queue.clear()

    def _noticed(self, event: Event) -> None:
        """Queue what is concerned by a write: itself, its owners, and if it is gone what it owned."""
        meta = event.held["metadata"]
        this = key(event.kind, event.held)
        for reference in meta.get("ownerReferences") or ():
            if owner := BY_NAME.get(reference["kind"]):
                self._queue[owner, meta.get("namespace", ""), reference["name"]] = None
                owned = self._owners.owned.setdefault(reference["uid"], {})
                if event.what == "DELETED":
                    owned.pop(this, None)
                else:
                    owned[this] = None
        if event.what == "DELETED":
            self._queue.update(self._owners.owned.pop(meta["uid"], {}))
        else:
            self._queue[this] = None

    def _abandoned(self, held: Object) -> bool:
        """Say whether all owners of an object are gone; nodes, and those of kinds that are not served, never are."""
        references = held["metadata"].get("ownerReferences") or []
        return bool(references) and not any(self._lives(held, each) for each in references)

    def _lives(self, held: Object, reference: Object) -> bool:
        kind = BY_NAME.get(reference["kind"])
        if kind is None or not kind.namespaced:
            return True
        owner = self._owners.objects.find(kind, held["metadata"].get("namespace", ""), reference["name"])
        return bool(owner and owner["metadata"]["uid"] == reference["uid"])

    def _namespace(self, held: Object) -> None:
        going = "deletionTimestamp" in held["metadata"]
        self._owners.objects.put(NAMESPACES, {**held, "status": {"phase": "Terminating" if going else "Active"}})
        if going:
            inside = list(self._owners.objects.within(held["metadata"]["name"]))
            for each, other in inside:
                self._owners.delete(each, other)
            if inside:
                self._queue[key(NAMESPACES, held)] = None
            else:
                self._owners.objects.remove(NAMESPACES, held)

    def _pod(self, held: Object) -> None:
        if "deletionTimestamp" in held["metadata"]:
            self._owners.objects.remove(PODS, held)
            return
        owner = (held["metadata"].get("ownerReferences") or [{}])[0].get("kind")
        self._owners.objects.put(PODS, self._owners.kubelet.next(held, ends=self.jobs_end and owner == "Job"))
