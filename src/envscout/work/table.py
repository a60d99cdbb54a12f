"""The standing tasks, as one table. Each is small here: what is to be done is a verb's business."""

from envscout.work.indexing import index
from envscout.work.task import PROMPT, Task, Work


def retain(work: Work) -> bool:
    """Forget what the rules of retention no longer keep."""
    from envscout.verbs import retain as verb

    return verb.sweep(work.database, verb.rules(work.settings)).more


TASKS: tuple[Task, ...] = (
    Task("index", "look into images that were asked for", index, 30, 30, ("index_request",), lanes=4),
    Task("retain", "forget what the rules of retention no longer keep", retain, 3600, 10),
)
"""In the order in which they are shown."""

BY_NAME = {task.name: task for task in TASKS}


def is_prompt(task: Task) -> bool:
    """Return whether a task is never to wait for those that take long."""
    return task.priority >= PROMPT
