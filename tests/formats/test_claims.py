"""What a format must not claim: that something is gone which is suppressed or was not seen, that all is well unseen."""

import msgspec
import pytest

from envscout.formats import gitlab, junit, openvex, sarif
from envscout.model import Coverage, Reason
from tests.formats.reports import COMPLETE, PARTIAL, SUPPRESSED, UNKNOWN, answer, finding, image, report

BLIND = Coverage("partial", (Reason("damaged-layer", "A layer is cut short."),))
THEIRS = report(image(2, [msgspec.structs.replace(each, suppression=None) for each in SUPPRESSED], name="myorg/app"))


def test_what_is_suppressed_is_not_fixed() -> None:
    ours = answer(image(1, (), SUPPRESSED, name="myorg/app"), beside=THEIRS)
    said = {
        (each["vulnerability"]["name"], each["status"])
        for each in msgspec.json.decode("".join(openvex.write(ours)))["statements"]
    }
    # One of the VEX statements itself says `fixed`.
    assert {status for _, status in said} == {"affected", "not_affected", "fixed"}
    assert len({name for name, _ in said}) == len({each.vulnerability for each in SUPPRESSED})
    assert [each.gone for each in ours.subjects] == [()]


@pytest.mark.parametrize(("coverage", "gone"), [(COMPLETE, True), (PARTIAL, True), (BLIND, False), (UNKNOWN, False)])
def test_what_nobody_could_see_is_not_gone(coverage: Coverage, gone: bool) -> None:
    ours = answer(image(1, (), (), coverage, name="myorg/app"), beside=THEIRS)
    statements = msgspec.json.decode("".join(openvex.write(ours)))["statements"]
    assert {each["status"] for each in statements} == ({"fixed"} if gone else set())
    results = msgspec.json.decode("".join(sarif.write(ours)))["runs"][0]["results"]
    assert {each["baselineState"] for each in results} == ({"absent"} if gone else set())


@pytest.mark.parametrize(("coverage", "errors"), [(COMPLETE, 0), (PARTIAL, 0), (BLIND, 1), (UNKNOWN, 2)])
def test_a_test_report_is_no_greener_than_the_gate(coverage: Coverage, errors: int) -> None:
    for found in ((), (finding(0),)):
        text = "\n".join(junit.write(answer(image(1, found, (), coverage))))
        assert f'errors="{errors}"' in text.splitlines()[1]
        assert ("no vulnerability that counts" in text) == (not errors and not found)


@pytest.mark.parametrize(("coverage", "fine"), [(COMPLETE, True), (PARTIAL, True), (BLIND, False), (UNKNOWN, False)])
def test_a_scan_that_a_gate_stops_at_was_no_success(coverage: Coverage, fine: bool) -> None:
    asked = answer(image(1, (), (), coverage))
    run = msgspec.json.decode("".join(sarif.write(asked)))["runs"][0]["invocations"][0]
    assert run["executionSuccessful"] is fine
    assert ("error" in {each["level"] for each in run["toolExecutionNotifications"]}) is not fine
    scan = msgspec.json.decode("".join(gitlab.write(asked)))["scan"]
    assert scan["status"] == ("success" if fine else "failure")
