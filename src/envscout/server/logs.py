"""What the server says of itself on stderr: a line for each thing that happened, as JSON or for people."""

import json
import logging
import logging.config
import time
from typing import Literal

Form = Literal["json", "text"]
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


class Line(logging.Formatter):
    """A record as one line of JSON: when, how grave, what, and the fields that came with it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        said = {"at": f"{at}.{int(record.msecs):03d}Z", "level": record.levelname.lower(), "logger": record.name}
        said["message"] = record.getMessage()
        said |= {name: value for name, value in vars(record).items() if name not in _OWN}
        if record.exc_info:
            said["error"] = self.formatException(record.exc_info)
        return json.dumps(said, default=str)


class Text(logging.Formatter):
    """A record as a line for people."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, with the fields that came with it."""
        fields = " ".join(f"{name}={value!r}" for name, value in vars(record).items() if name not in _OWN)
        return f"{super().format(record)} {fields}".rstrip()


def begin(form: Form) -> None:
    """Say from now on what happens."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"json": {"()": Line}, "text": {"()": Text}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": form}},
            "root": {"level": "WARNING", "handlers": ["stderr"]},
            "loggers": {"envscout": {"level": "INFO"}, "uvicorn.error": {"level": "INFO"}},
        }
    )
