"""Rules by which what runs in a cluster is in environments, and is services. Pure."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

import msgspec

from envscout.environments.becoming import UNSEEN
from envscout.errors import UsageError
from envscout.watch.pods import Held, Pod

Running = dict[tuple[str, str, str], tuple[str, ...]]
"""(service, digest, platform) -> references, in order. The platform is that of nodes, "" where they do not say."""


class Rules(msgspec.Struct, frozen=True):
    """environment: of all that nothing else places, "" for none. environment_label: of a pod, else of its namespace.

    namespaces: (pattern, environment), the first that fits; "" leaves the namespace out. service_label: of a pod; by
    default a service is named by the repository of its image.
    """

    environment: str = ""
    namespaces: tuple[tuple[str, str], ...] = ()
    environment_label: str = ""
    service_label: str = ""

    @property
    def labels(self) -> frozenset[str]:
        """Return the labels that decide anything."""
        return frozenset(filter(None, (self.environment_label, self.service_label)))

    def place(self, pod: Pod, namespace: Mapping[str, str]) -> str:
        """Return the environment of a pod, "" for none. namespace: its labels."""
        label = self.environment_label
        if label and (told := pod.labels.get(label) or namespace.get(label)):
            return told
        return next(
            (name for pattern, name in self.namespaces if fnmatchcase(pod.namespace, pattern)), self.environment
        )

    def may_be(self, environment: str) -> bool:
        """Tell whether anything can be in an environment by these rules."""
        return bool(self.environment_label) or environment in (self.environment, *(name for _, name in self.namespaces))

    def service(self, pod: Pod, held: Held) -> str:
        """Return the service of an image of a pod."""
        return pod.labels.get(self.service_label, "") or held.repository


def mapped(texts: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return NAMESPACE=ENVIRONMENT as pairs. Raise UsageError."""
    found = []
    for text in texts:
        pattern, equals, name = text.partition("=")
        if not (pattern and equals):
            raise UsageError(
                f"{text!r} maps no namespace", "write NAMESPACE=ENVIRONMENT, or NAMESPACE= to leave it out"
            )
        found.append((pattern.strip(), name.strip()))
    return tuple(found)


def environments(
    pods: Iterable[Pod], namespaces: Mapping[str, Mapping[str, str]], rules: Rules, nodes: Mapping[str, str]
) -> dict[str, Running]:
    """Return what runs in each environment. namespaces: their labels, by name.

    nodes: their platforms, by name, none where they may not be seen.

    Where labels decide, a pod whose namespace was not heard of yet is nowhere: it would be moved in a moment.
    """
    found: dict[str, Running] = {}
    for pod in pods:
        if not pod.images or (rules.environment_label and pod.namespace not in namespaces):
            continue
        name = rules.place(pod, namespaces.get(pod.namespace, {}))
        if name:
            running = found.setdefault(name, {})
            for held in pod.images:
                key = (rules.service(pod, held), held.digest, nodes.get(pod.node, UNSEEN if nodes else ""))
                names = running.get(key, ())
                if held.reference not in names:
                    # Of several names of one image, which one counts must not change from look to look.
                    running[key] = tuple(sorted((*names, held.reference)))
    return found
