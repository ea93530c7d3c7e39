"""What `make audit` makes of what it is told: some are vulnerable, none are, or nobody could tell."""

import json

from tools.audit import Findings, of_npm, of_python, verdict

GOOD = {"name": "a", "version": "1", "vulns": []}
BAD = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3", "4"]}]}
UNKNOWN = {"name": "c", "skip_reason": "Dependency not found on PyPI and could not be audited: c (1)"}


def report(*rows: object) -> str:
    return json.dumps({"dependencies": rows})


def test_what_is_vulnerable_is_told_with_what_mends_it() -> None:
    assert of_python(report(GOOD, BAD)) == Findings(("b 2: PYSEC-1, mended by 3, 4",))
    assert of_python(report(GOOD)) == Findings()


def test_a_package_that_is_unknown_is_not_taken_for_a_good_one() -> None:
    assert of_python(report(GOOD, UNKNOWN)) == Findings(unknown="1 of 2 packages are unknown to the index")
    assert of_python("") == Findings(unknown="pip-audit could not ask")


def test_npm_is_understood_too() -> None:
    assert of_npm('{"vulnerabilities": {"x": {"range": "<2", "severity": "high"}}}') == Findings(
        ("x <2: high",)
    )
    assert of_npm('{"vulnerabilities": {}}') == Findings()
    assert of_npm('{"message": "405 Method Not Allowed"}') == Findings(unknown="npm audit could not ask")


def test_the_exit_code_says_which_of_the_three_it_is() -> None:
    assert verdict({"one": Findings(), "other": Findings()}) == (
        0,
        ["audit: no vulnerability is known of one, other"],
    )
    assert verdict({"one": Findings(), "other": Findings(unknown="why")}) == (
        2,
        ["audit: nothing is known, for no service could tell (other: why)"],
    )
    assert verdict({"one": Findings(("b",)), "other": Findings(unknown="why")}) == (
        1,
        ["one: b", "other: why"],
    )
