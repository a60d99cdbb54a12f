"""What of the services of Compose files runs, what is left out, and why. Pure."""

from collections.abc import Iterator, Mapping, Set

from envscout.model import Problem
from envscout.watch.compose.service import Service
from envscout.watch.declared import Declaration, Declared
from envscout.watch.filled import written


def running(services: Mapping[str, Service], active: Set[str], unset: Mapping[str, str]) -> Declaration:
    """Return what runs where some profiles are active, "*" for all. unset: variables, and where each is asked for."""
    run = {name: each for name, each in services.items() if _runs(each, active)}
    lacking = {name: why for name, each in run.items() if (why := _lacks(each))}
    return Declaration(
        tuple(
            Declared(name, each.image, each.where) for name, each in run.items() if name not in lacking and each.image
        ),
        (
            *(Problem("unclear-reference", f"service {name}: {why}", run[name].where) for name, why in lacking.items()),
            *_unmet(services, active),
        ),
        (*_left_out(services, active), *_unset(unset)),
    )


def _runs(service: Service, active: Set[str]) -> bool:
    return _is_active(service, active) and (bool(service.unclear) or service.copies != "0")


def _is_active(service: Service, active: Set[str]) -> bool:
    if service.of_unclear_profiles or not service.profiles:
        return True
    return "*" in active or bool(active & {*service.profiles})


def _lacks(service: Service) -> str:
    """Return why it cannot be told what a service runs, "" where it can."""
    if service.unclear or service.said.keys() & {"build", "provider"} or service.image:
        return service.unclear
    return "it has neither `image` nor `build`"


def _unmet(services: Mapping[str, Service], active: Set[str]) -> Iterator[Problem]:
    """Yield what is needed and not there or not active: Compose starts nothing then, so that something else runs."""
    for name, each in services.items():
        for needed, required in each.needs.items() if _is_active(each, active) else ():
            other = services.get(needed)
            if not other:
                why = "which is not there: name all files that belong together"
            elif required and not _is_active(other, active):
                why = f"which is of the profile {_profiles(other)}, which is not active: name it with --profile"
            else:
                continue
            yield Problem("unclear-reference", f"service {name} needs {written(needed)[:200]}, {why}", each.where)


def _left_out(services: Mapping[str, Service], active: Set[str]) -> Iterator[Problem]:
    for name, each in services.items():
        if not _is_active(each, active):
            text = f"service {name} is of the profile {_profiles(each)}, which is not active"
            yield Problem("inactive-profile", text, each.where)
        elif each.unclear:
            continue
        elif each.copies == "0":
            yield Problem("scaled-to-zero", f"service {name} is scaled to zero", each.where)
        elif "provider" in each.said and not each.image:
            yield Problem("provided", f"service {name} is provided by a program, and runs no image", each.where)
        elif "build" in each.said and not each.image:
            text = f"service {name} is built, and has no name that an image could be found by: give it an `image`"
            yield Problem("build-only", text, each.where)


def _profiles(service: Service) -> str:
    return " or ".join(written(each) or "''" for each in service.profiles[:10])


def _unset(unset: Mapping[str, str]) -> Iterator[Problem]:
    for name, where in unset.items():
        yield Problem("unset-variable", f"{name} has no value and is left empty", where)
