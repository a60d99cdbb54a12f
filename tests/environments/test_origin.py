"""What CI systems say of a deployment, by the variables they document."""

import pytest

from envscout.environments.origin import Origin, detect

CASES = {
    "GitHub": (
        {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_SHA": "abc",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "myorg/myapp",
            "GITHUB_RUN_ID": "7",
            "GITHUB_ACTOR": "octocat",
        },
        Origin("ci", "abc", "https://github.com/myorg/myapp/actions/runs/7", "octocat"),
    ),
    "GitLab": (
        {"GITLAB_CI": "true", "CI_COMMIT_SHA": "abc", "CI_JOB_URL": "https://x/1", "GITLAB_USER_LOGIN": "root"},
        Origin("ci", "abc", "https://x/1", "root"),
    ),
    "a variable missing": ({"GITHUB_ACTIONS": "true", "GITHUB_SHA": "abc"}, Origin("ci", "abc", "", "")),
    "braces in a value": (
        {"GITLAB_CI": "1", "CI_JOB_URL": "https://x/{0}{CI}", "CI_COMMIT_SHA": "{x}"},
        Origin("ci", "{x}", "https://x/{0}{CI}", ""),
    ),
    "some other system": ({"CI": "1"}, Origin("ci")),
    "a terminal": ({"USER": "root"}, Origin("cli", actor="root")),
    "nothing": ({}, Origin("cli")),
}


@pytest.mark.parametrize("name", CASES)
def test_what_the_variables_say(name: str) -> None:
    environ, expected = CASES[name]
    assert detect(environ) == expected
