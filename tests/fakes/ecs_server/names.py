"""Amazon resource names of this fake account."""

ACCOUNT = "111122223333"
REGION = "eu-west-1"
_PREFIX = f"arn:aws:ecs:{REGION}:{ACCOUNT}"


def definition_arn(family: str, revision: int) -> str:
    return f"{_PREFIX}:task-definition/{family}:{revision}"


def cluster_arn(cluster: str) -> str:
    return f"{_PREFIX}:cluster/{cluster}"


def cluster_name(name_or_arn: str) -> str:
    return name_or_arn.rpartition("/")[2] or "default"


def task_arn(cluster: str, number: int, salt: int) -> str:
    """A task's name is 32 hex digits; it is unique within and between servers."""
    return f"{_PREFIX}:task/{cluster}/{salt:024x}{number:08x}"


def container_arn(task: str, name: str) -> str:
    return f"{_PREFIX}:container/{task.rpartition('/')[2]}-{name}"
