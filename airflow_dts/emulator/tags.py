"""Tags on instances: keys and values to find them by (seed 6.5.7)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from airflow_dts.emulator.jobs import Job
from airflow_dts.emulator.refusals import business, invalid

MOST_TAGS = 20
"""Tags of one instance. What one call may hold is the business of its class."""
PAGE = 100
"""Tags of one answer; a token leads to the next."""
LONGEST = 128
"""Characters of a key, and of a value. As the next ones a rule of the account's tags, which the seed does
not repeat."""
_RESERVED = ("aliyun", "acs:")
_NO_ADDRESS = ("http://", "https://")


@dataclass(frozen=True, slots=True, order=True)
class Bound:
    """One tag of one instance."""

    instance_id: str
    key: str
    value: str

    @property
    def place(self) -> tuple[str, str]:
        """Where it stands among all."""
        return self.instance_id, self.key


def bind(job: Job, tags: Mapping[str, str | None]) -> None:
    """Put tags on an instance; one with the same key is replaced. Raises Refusal."""
    for key, value in tags.items():
        _check(key, value or "")
    bound = {**job.tags, **{key: value or "" for key, value in tags.items()}}
    if len(bound) > MOST_TAGS:
        text = f"The instance %s would have more than {MOST_TAGS} tags."
        raise business("OperationDenied", text, job.instance_id)
    job.tags = bound


def _check(key: str, value: str) -> None:
    if not 1 <= len(key) <= LONGEST:
        raise invalid("Tag.Key", f"it has to be 1 to {LONGEST} characters long.")
    if key.casefold().startswith(_RESERVED):
        raise invalid("Tag.Key", f"keys that begin with {' or '.join(_RESERVED)} are the service's own.")
    if len(value) > LONGEST:
        raise invalid("Tag.Value", f"it is longer than {LONGEST} characters.")
    for name, text in (("Tag.Key", key), ("Tag.Value", value)):
        if any(scheme in text.casefold() for scheme in _NO_ADDRESS):
            raise invalid(name, f"it may not hold {' or '.join(_NO_ADDRESS)}.")


def unbind(job: Job, keys: Collection[str] | None) -> None:
    """Take tags off an instance; what it does not carry is passed over.

    :param keys: None takes all.
    """
    job.tags = {} if keys is None else {key: job.tags[key] for key in job.tags if key not in keys}


def carries(job: Job, tags: Mapping[str, str | None]) -> bool:
    """Whether the instance has all of these; None takes any value."""
    return all(key in job.tags and value in (None, job.tags[key]) for key, value in tags.items())


def page(
    jobs: Iterable[Job], tags: Mapping[str, str | None] | None, after: str | None
) -> tuple[list[Bound], str]:
    """The tags of the instances that carry `tags`, of these tags only when there are any; the next token.

    :param after: the token of the page before. Raises Refusal when it is none.
    """
    begin = _position(after)
    rest = sorted(bound for job in jobs for bound in _matching(job, tags or {}) if bound.place > begin)
    shown = rest[:PAGE]
    return shown, _token(shown[-1]) if len(rest) > PAGE else ""


def _matching(job: Job, tags: Mapping[str, str | None]) -> list[Bound]:
    if not carries(job, tags):
        return []
    return [Bound(job.instance_id, key, job.tags[key]) for key in tags or job.tags]


def _token(last: Bound) -> str:
    """Where a page ended. Tags that come and go meanwhile make none be told twice."""
    return "\0".join(last.place).encode().hex()


def _position(token: str | None) -> tuple[str, str]:
    if not token:
        return "", ""
    try:
        instance_id, key = bytes.fromhex(token).decode().split("\0")
    except ValueError:
        raise invalid("NextToken", "it comes from no answer of this action.") from None
    return instance_id, key
