"""Who says it: what a CI system's variables tell of commit, run and actor. Pure: variables are passed in."""

from collections.abc import Mapping

import msgspec


class Origin(msgspec.Struct, frozen=True):
    """Where an event comes from. "" where nothing says so."""

    source: str
    commit: str = ""
    run_url: str = ""
    actor: str = ""


# The first variable tells the system apart; the others hold commit, run address (a template) and actor. Documented at:
# https://docs.github.com/actions/reference/workflows-and-actions/variables
# https://docs.gitlab.com/ci/variables/predefined_variables/
# https://circleci.com/docs/reference/variables/
# https://learn.microsoft.com/azure/devops/pipelines/build/variables
# https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
# https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables
_SYSTEMS: tuple[tuple[str, str, str, str], ...] = (
    (
        "GITHUB_ACTIONS",
        "GITHUB_SHA",
        "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}",
        "GITHUB_ACTOR",
    ),
    ("GITLAB_CI", "CI_COMMIT_SHA", "{CI_JOB_URL}", "GITLAB_USER_LOGIN"),
    ("CIRCLECI", "CIRCLE_SHA1", "{CIRCLE_BUILD_URL}", "CIRCLE_USERNAME"),
    (
        "TF_BUILD",
        "BUILD_SOURCEVERSION",
        "{SYSTEM_COLLECTIONURI}{SYSTEM_TEAMPROJECT}/_build/results?buildId={BUILD_BUILDID}",
        "BUILD_REQUESTEDFOR",
    ),
    (
        "BITBUCKET_BUILD_NUMBER",
        "BITBUCKET_COMMIT",
        "https://bitbucket.org/{BITBUCKET_REPO_FULL_NAME}/pipelines/results/{BITBUCKET_BUILD_NUMBER}",
        "BITBUCKET_STEP_TRIGGERER_UUID",
    ),
    ("JENKINS_URL", "GIT_COMMIT", "{BUILD_URL}", "BUILD_USER_ID"),
)


def detect(environ: Mapping[str, str]) -> Origin:
    """Return what the variables of a CI system say; a person's terminal where there are none."""
    for marker, commit, url, actor in _SYSTEMS:
        if environ.get(marker):
            try:
                run_url = url.format_map(environ)
            except KeyError:
                run_url = ""
            return Origin("ci", environ.get(commit, ""), run_url, environ.get(actor, ""))
    if environ.get("CI"):
        return Origin("ci")
    return Origin("cli", actor=environ.get("USER", ""))
