"""The docker client on one desk, with us as its plugin."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from envscout.demo.fleet import Release
from tests.stories.story import Answer, Desk, looks_after_the_store

Find = Callable[[str], Release]


class Client:
    """The docker client on one desk. host: the engine it is told of; by default none answers."""

    def __init__(self, desk: Desk, host: str = "unix:///nonexistent/docker.sock") -> None:
        self.desk = desk
        self.env = {**desk.asking, "DOCKER_HOST": host}

    def docker(self, *words: str | Path, stdin: bytes = b"") -> Answer:
        """Run the real client."""
        argv = ["docker", *map(str, words)]
        env = dict(self.env)
        if words[:1] == ("scout",) and looks_after_the_store(words[1:]):
            env.pop("ENVSCOUT_SERVER", None)
        done = subprocess.run(argv, input=stdin, capture_output=True, env=env, check=False)
        return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())

    def scout(self, *words: str | Path) -> Answer:
        """Run `docker scout` and require that it succeeds."""
        answer = self.docker("scout", *words)
        assert answer.code == 0, answer
        return answer
