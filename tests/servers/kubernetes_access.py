"""Who may do what. A right is text: `list pods`, `patch apps/deployments/scale`, `watch pods in shop`; `*` is all.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/.
"""

from collections.abc import Iterable, Mapping

from tests.servers.kubernetes_resources import Kind, Object, Refused

Rights = frozenset[str]
EVERYTHING: Rights = frozenset({"*"})


def granted(roles: Iterable[Object], namespace: str = "") -> Rights:
    """Return the rights that manifests of roles give, in one namespace or everywhere; what they name in full only."""
    within = f" in {namespace}" if namespace else ""
    return frozenset(
        f"{verb} {f'{group}/' if group else ''}{resource}{within}"
        for role in roles
        for rule in role["rules"]
        for group in rule.get("apiGroups", [])
        for resource in rule.get("resources", [])
        for verb in rule["verbs"]
    )


def authenticate(tokens: Mapping[str, Rights], header: str) -> Rights:
    """Return the rights of who sends a header Authorization; everybody has all where there are no tokens."""
    if not tokens:
        return EVERYTHING
    token = header.removeprefix("Bearer ")
    if token == header or token not in tokens:
        raise Refused(401, "Unauthorized", "Unauthorized")
    return tokens[token]


def authorize(rights: Rights, verb: str, kind: Kind, namespace: str, name: str, sub: str) -> None:
    """Refuse what nobody has given a right to."""
    resource = f"{kind.plural}/{sub}" if sub else kind.plural
    right = f"{verb} {f'{kind.group}/' if kind.group else ''}{resource}"
    if not rights & {"*", right, f"{right} in {namespace}"}:
        scope = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
        named = f' "{name}"' if name else ""
        what = f'cannot {verb} resource "{resource}" in API group "{kind.group}" {scope}'
        message = f'{kind.qualified}{named} is forbidden: User "test" {what}'
        raise Refused(403, "Forbidden", message, details={"name": name, "group": kind.group, "kind": kind.plural})
