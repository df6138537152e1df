"""Runs many cases at once through a local service."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from towline.client.errors import ClientError
from towline.selftest.as_job import engine_options
from towline.selftest.case import Case, CorpusError
from towline.selftest.executor import JobService, Result, Waiting, run_case
from towline.selftest.place import Place, has_own_folder, probe_script, programs_found

if TYPE_CHECKING:
    from chalicelib.ports import LaunchRequest
    from towline.client.service import Service
    from towline.local.bell import Bell


class EngineOptions:
    """What the containers of certain jobs have besides; given to the docker backend.

    A launch may begin before the submit has answered with the job's id, so it waits for it here.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_job: dict[str, Mapping[str, Any]] = {}

    def __call__(self, request: LaunchRequest) -> Mapping[str, Any]:
        with self._lock:
            return self._by_job.get(request.job_id, {})

    def submit(self, service: Service, case: Case, spec: dict[str, Any]) -> str:
        """Submit the case's job; its id."""
        options = engine_options(case)
        if not options:
            return str(service.submit(spec)["id"])
        with self._lock:
            job_id = str(service.submit(spec)["id"])
            self._by_job[job_id] = options
        return job_id


class Changes:
    """Lets many threads wait for a bell that only one may wait for."""

    def __init__(self, bell: Bell) -> None:
        self._bell = bell
        self._changed = threading.Condition()
        self._open = True
        self._thread = threading.Thread(target=self._listen, name="selftest-changes", daemon=True)
        self._thread.start()

    def wait(self, timeout_s: float) -> None:
        """Return at the next ring, or after so many seconds."""
        with self._changed:
            self._changed.wait(timeout_s)

    def close(self) -> None:
        """End the thread. May be repeated."""
        self._open = False
        self._bell.ring()
        self._thread.join()

    def _listen(self) -> None:
        while self._open:
            self._bell.wait(1.0)
            with self._changed:
                self._changed.notify_all()


class Suite:
    """Cases on one place of one service. ``client`` makes a client for one thread."""

    def __init__(
        self,
        client: Callable[[], Service],
        options: EngineOptions,
        changes: Changes,
        *,
        at_once: int,
    ) -> None:
        self._client = client
        self._options = options
        self._waiting = Waiting(changes.wait)
        self._at_once = at_once
        self._local = threading.local()

    def look_around(self, cases: Sequence[Case], place: Place) -> Place:
        """The place with the programs that are there, found by a job.

        Raises ``CorpusError`` when no script can be run there as cases presuppose.
        """
        service = self._client()
        spec = {
            "project": "selftest",
            "name": "what is here",
            "script": probe_script(cases),
            "image": place.image,
            "user": place.user,
            "timeout_s": 60,
            "env": {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
        }
        job_id = str(service.submit(spec)["id"])
        while (job := service.job(job_id))["state"] != "finished":
            self._waiting.pause(1.0)
        text = service.log(job_id, 0).data.decode("utf-8", "replace")
        service.close()
        if job["verdict"] != "passed":
            raise CorpusError(
                f"the first job, which looks what the image has, ended {job['verdict']}: "
                f"{job.get('detail') or text.strip() or 'without a word'}"
            )
        if not has_own_folder(text):
            raise CorpusError(
                "scripts are not run in the folder that holds them: the image has a working "
                "directory of its own (WORKDIR); cases need an image without one"
            )
        return replace(place, programs=programs_found(text))

    def run(self, cases: Sequence[Case], place: Place) -> Iterator[Result]:
        """A result for each case, as they come.

        When it is left early nobody waits for the cases that run: they end with the service.
        """
        pool = ThreadPoolExecutor(self._at_once, thread_name_prefix="selftest")
        try:
            for future in as_completed([pool.submit(self._one, case, place) for case in cases]):
                yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _one(self, case: Case, place: Place) -> Result:
        service = getattr(self._local, "service", None)
        if service is None:
            service = self._local.service = self._client()
        try:
            return run_case(
                case, place, _as_job_service(service), self._submitter(service), self._waiting
            )
        except ClientError as error:
            return Result(case, (f"the service did not do its part: {error}",))

    def _submitter(self, service: Service) -> Callable[[Case, dict[str, Any]], str]:
        return lambda case, spec: self._options.submit(service, case, spec)


def _as_job_service(service: Service) -> JobService:
    return service
