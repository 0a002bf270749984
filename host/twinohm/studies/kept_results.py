"""A study whose jobs are kept as they end: stopped at any moment, it goes on with what it has."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import ConfigDict

from twinohm.files import check_place
from twinohm.job_runner import JobRunner
from twinohm.json_records import RecordType
from twinohm.studies.kept_lines import append_lines, read_lines

J = TypeVar("J")
R = TypeVar("R")

UNFINISHED = "unfinished.jsonl"  # in the folder of a report


class KeptResults(Generic[J, R]):
    """The file of the results of a study that is not finished: a JSON object a line, {key of a job: its result}.

    kind: class of a result, a dataclass. key_of: returns a key of all that the result of a job depends on; lines with
    other keys are not used. still_holds: whether a result that was read can be used.

    Raises UsageError, naming file and line, for a line that is not a result.
    """

    def __init__(
        self, path: Path, kind: type[R], key_of: Callable[[J], str], still_holds: Callable[[R], bool] = bool
    ) -> None:
        self.path, self._key_of = path, key_of
        constants = ConfigDict(ser_json_inf_nan="constants")
        self._line = RecordType[dict[str, R]](dict[str, kind], constants)  # type: ignore[valid-type]
        check_place(path)
        self._results: dict[str, R] = {}
        for line in read_lines(path, self._line) if path.exists() else ():
            self._results |= {key: result for key, result in line.items() if still_holds(result)}

    def of(self, job: J) -> R | None:
        """Return the result of a job, None if it is not there."""
        return self._results.get(self._key_of(job))

    def add(self, job: J, result: R) -> None:
        """Keep the result of a job, also in the file. Raises DiskError if it cannot be written."""
        line = {self._key_of(job): result}
        append_lines(self.path, [self._line.adapter.dump_json(line).decode()])
        self._results |= line

    def remove(self) -> None:
        """Remove the file: the study is finished."""
        self.path.unlink(missing_ok=True)


def results(
    function: Callable[[J], R],
    jobs: Sequence[J],
    kept: KeptResults[J, R],
    progress: Callable[[int, int], None] = lambda done, of: None,
    scheduler: str | None = None,
    is_local: Callable[[J], bool] = lambda job: False,
) -> Iterator[R]:
    """Yield the results of all jobs: at once those that are kept, the others as they end.

    progress: is called with (results so far, all). scheduler: where, as of JobRunner. is_local: whether a job needs
    this computer.
    """
    found = [(job, kept.of(job)) for job in jobs]
    left = [job for job, result in found if result is None]
    done = len(jobs) - len(left)
    progress(done, len(jobs))
    yield from (result for _, result in found if result is not None)
    here = [job for job in left if scheduler is None or is_local(job)]
    there = [job for job in left if scheduler is not None and not is_local(job)]
    for where, group in ((scheduler, there), (None, here)):  # a scheduler that does not answer is named before any work
        if group:
            with JobRunner(where) as runner:
                for job, result in runner.results(function, group):
                    kept.add(job, result)
                    done += 1
                    progress(done, len(jobs))
                    yield result
