"""What can be asked about builds. Each use case is imported when it is used: few calls need any."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.domain.ids import new_id
from chalicelib.usecases.build_side import build_side
from chalicelib.usecases.collaborators import Collaborators

if TYPE_CHECKING:
    from chalicelib.build_ports import BuildPage
    from chalicelib.domain.build_record import BuildRecord
    from chalicelib.domain.timetable import Timetable
    from chalicelib.usecases.webhook import Taken


class BuildDispatcher:
    """The builds' half of ``Dispatcher``. All but ``timetable`` may raise ``NoBuilds``."""

    def __init__(self, collaborators: Collaborators) -> None:
        self.collaborators = collaborators

    def take_webhook(self, headers: Mapping[str, str], body: bytes) -> Taken:
        """Take a delivery of GitHub's; see ``usecases.webhook``."""
        from chalicelib.usecases.webhook import take_webhook

        return take_webhook(self.collaborators, headers, body)

    def take_delivery(self, delivery_id: str) -> str:
        """Do what an accepted delivery asks for; see ``usecases.take_delivery``."""
        from chalicelib.usecases.take_delivery import take_delivery

        return take_delivery(self.collaborators, delivery_id)

    def notify(self, message: str) -> None:
        """Take a build on and tell GitHub of it; see ``usecases.notify``."""
        from chalicelib.usecases.notify import notify

        notify(self.collaborators, message)

    def pass_on(self, record: Mapping[str, Any]) -> bool:
        """A record of the table's stream into a notice; see ``usecases.outbox``."""
        from chalicelib.usecases.outbox import pass_on

        return pass_on(self.collaborators, record)

    def build(self, build_id: str) -> BuildRecord:
        """The build by a consistent read. Raises ``UnknownBuild``."""
        from chalicelib.usecases.cancel_build import get_build

        return get_build(self.collaborators, build_id)

    def builds(
        self, project: str | None = None, *, limit: int = 20, cursor: str | None = None
    ) -> BuildPage:
        """Builds, newest first. Raises ``ValueError`` on a bad cursor."""
        return build_side(self.collaborators).store.page(project, limit=limit, cursor=cursor)

    def latest_build(self, project: str, branch: str | None = None) -> BuildRecord | None:
        """The newest push to the branch, or to any, among the project's newest builds."""
        side = build_side(self.collaborators)
        for build in side.store.page(project.lower(), limit=50).builds:
            if build.kind == "push" and build.tag is None and branch in (None, build.branch):
                return build
        return None

    def timetable(self, project: str) -> Timetable | None:
        """When the project's schedules are due; None: its file has none, or is not known yet."""
        builds = self.collaborators.builds
        return None if builds is None else builds.timetables.get(project)

    def approve_build(self, build_id: str, *, who: str) -> BuildRecord:
        """Let a held build run. Raises ``UnknownBuild`` and ``BuildRefused``."""
        from chalicelib.usecases.cancel_build import approve_build

        return approve_build(self.collaborators, build_id, who)

    def cancel_build(self, build_id: str, *, who: str) -> BuildRecord:
        """End its jobs. Raises ``UnknownBuild``."""
        from chalicelib.usecases.cancel_build import cancel_build

        return cancel_build(self.collaborators, build_id, f"cancelled by {who}")

    def rerun_build(self, build_id: str, *, failed: bool = False) -> BuildRecord:
        """A new build of the same commit; ``failed``: of what did not pass alone. Not repeatable.

        Raises ``UnknownBuild`` and ``BuildRefused``.
        """
        from chalicelib.usecases.rerun_build import not_passed, rerun_build

        co = self.collaborators
        only = not_passed(self.build(build_id)) if failed else None
        made = new_id(co.clock(), co.random_bytes(10))
        return rerun_build(co, build_id, new_id=made, only=only)
