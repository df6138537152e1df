"""What each call does, and the fake's own values in its answer; the rest is the example's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.github_server.access import Denied, check_app, check_repository, token_of
from tests.fakes.github_server.world import FakePullRequest, FakeRepository, World

PAGE = 30
MOST_COMPARED = 300


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as far as it is understood."""

    method: str
    path: str
    values: Mapping[str, str]
    query: Mapping[str, str]
    authorization: str
    accept: str
    body: Any


@dataclass(frozen=True, slots=True)
class Said:
    """``body``: bytes as they are, or what JSON is made of. ``example``: other than the first."""

    status: int
    body: Any
    another_page: bool = False
    example: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class Calls:
    """The calls that Towline makes, by method and template."""

    def __init__(self, world: World) -> None:
        self.world = world
        repo = "/repos/{owner}/{repo}"
        self.table: dict[tuple[str, str], Callable[[Asked], Said]] = {
            ("GET", repo): self.repository,
            ("GET", f"{repo}/contents/{{path}}"): self.contents,
            ("GET", f"{repo}/commits/{{ref}}"): self.commit,
            ("GET", f"{repo}/compare/{{basehead}}"): self.compare,
            ("GET", f"{repo}/collaborators/{{username}}/permission"): self.permission,
            ("GET", f"{repo}/pulls/{{pull_number}}"): self.pull_request,
            ("GET", f"{repo}/pulls/{{pull_number}}/files"): self.files,
            ("GET", f"{repo}/installation"): self.installation,
            ("GET", f"{repo}/commits/{{ref}}/check-runs"): self.check_runs,
            ("POST", f"{repo}/statuses/{{sha}}"): self.set_status,
            ("POST", f"{repo}/check-runs"): self.create_check_run,
            ("PATCH", f"{repo}/check-runs/{{check_run_id}}"): self.update_check_run,
            ("GET", f"{repo}/pulls"): self.pull_requests,
            ("GET", "/installation/repositories"): self.listed,
            ("GET", "/user"): self.owner,
            ("GET", "/app"): self.app,
            ("GET", "/app/hook/config"): self.hook,
            ("GET", "/app/installations"): self.installations,
            ("POST", "/app/installations/{installation_id}/access_tokens"): self.make_token,
        }

    def _of(self, asked: Asked, right: str) -> FakeRepository:
        token = token_of(self.world, asked.authorization)
        found = self.world.found(asked.values["owner"], asked.values["repo"])
        return check_repository(self.world, token, found, right)

    def repository(self, asked: Asked) -> Said:
        return Said(200, _repository(self._of(asked, "metadata:read")))

    def contents(self, asked: Asked) -> Said:
        repository = self._of(asked, "contents:read")
        commit = repository.commit(asked.query.get("ref", repository.default_branch))
        path = asked.values["path"]
        if commit is None:
            raise Denied(404, f"No commit found for the ref {asked.query.get('ref')}")
        if path in commit.files:
            if ".raw" not in asked.accept:
                raise Denied(404, "the fake answers files as they are: ask for raw")
            return Said(200, commit.files[path])
        below = [name for name in commit.files if name.startswith(f"{path}/")]
        if below:
            listed = [{"type": "file", "path": name} for name in below]
            return Said(200, listed, example="response-if-content-is-a-directory")
        raise Denied(404, "Not Found")

    def commit(self, asked: Asked) -> Said:
        commit = self._of(asked, "contents:read").commit(asked.values["ref"])
        if commit is None:
            raise Denied(422, f"No commit found for SHA: {asked.values['ref']}")
        return Said(200, {"sha": commit.sha, "commit": {"message": commit.message}})

    def compare(self, asked: Asked) -> Said:
        repository = self._of(asked, "contents:read")
        base, _, head = asked.values["basehead"].partition("...")
        old, new = repository.commit(base), repository.commit(head)
        if old is None or new is None:
            raise Denied(404, "Not Found")
        paths = sorted(
            path for path in {*old.files, *new.files} if old.files.get(path) != new.files.get(path)
        )
        files = [_file(path) for path in paths[:MOST_COMPARED]]
        return Said(200, {"status": "ahead", "files": files})

    def permission(self, asked: Asked) -> Said:
        permissions = self._of(asked, "metadata:read").permissions
        return Said(200, {"permission": permissions.get(asked.values["username"], "none")})

    def pull_request(self, asked: Asked) -> Said:
        repository = self._of(asked, "pull_requests:read")
        return Said(200, _pull_request(repository, self._pull(repository, asked)))

    def files(self, asked: Asked) -> Said:
        repository = self._of(asked, "pull_requests:read")
        paths = self._pull(repository, asked).paths
        return _page(asked, [_file(path) for path in paths])

    def installation(self, asked: Asked) -> Said:
        check_app(self.world, asked.authorization)
        found = self.world.found(asked.values["owner"], asked.values["repo"])
        if found is None or found.installation is None:
            raise Denied(404, "Not Found")
        return Said(200, {"id": found.installation})

    def owner(self, asked: Asked) -> Said:
        token = token_of(self.world, asked.authorization)
        if token is None:
            raise Denied(401, "Requires authentication")
        if token.installation is not None:
            raise Denied(403, "Resource not accessible by integration")
        return Said(200, {"login": "octocat"}, headers=token.headers)

    def app(self, asked: Asked) -> Said:
        check_app(self.world, asked.authorization)
        return Said(200, {"name": "Acme CI", **self.world.app_settings})

    def hook(self, asked: Asked) -> Said:
        check_app(self.world, asked.authorization)
        return Said(200, {"content_type": "json", "insecure_ssl": "0", **self.world.app_hook})

    def installations(self, asked: Asked) -> Said:
        check_app(self.world, asked.authorization)
        ids = {each.installation for each in self.world.repositories.values()}
        shown = [
            {
                "id": each,
                "account": {"login": "octo"},
                "suspended_at": None,
                **self.world.app_settings,
                **self.world.installations.get(each, {}),
            }
            for each in sorted(filter(None, ids))
        ]
        return _page(asked, shown)

    def pull_requests(self, asked: Asked) -> Said:
        repository = self._of(asked, "pull_requests:read")
        return _page(
            asked, [_pull_request(repository, p) for p in repository.pull_requests.values()]
        )

    def set_status(self, asked: Asked) -> Said:
        repository = self._of(asked, "statuses:write")
        sha = asked.values["sha"]
        if repository.commit(sha) is None:
            raise Denied(422, f"No commit found for SHA: {sha}")
        if len(asked.body.get("description") or "") > 140:
            raise Denied(422, "Validation Failed: description is too long (maximum is 140)")
        for name in ("description", "context"):
            if any(ord(letter) > 0xFFFF for letter in asked.body.get(name) or ""):
                raise Denied(422, f"Validation Failed: {name} doesn't accept 4-byte Unicode")
        made = {**asked.body, "id": self.world.next_id(), "context": asked.body["context"]}
        repository.statuses.append({**made, "sha": sha})
        return Said(201, made)

    def create_check_run(self, asked: Asked) -> Said:
        repository = self._of(asked, "checks:write")
        if repository.commit(asked.body["head_sha"]) is None:
            raise Denied(422, f"No commit found for SHA: {asked.body['head_sha']}")
        run = {"status": "queued", "conclusion": None, **asked.body, "id": self.world.next_id()}
        return Said(201, _shown(self._store(repository, run)))

    def update_check_run(self, asked: Asked) -> Said:
        repository = self._of(asked, "checks:write")
        run = repository.check_runs.get(int(asked.values["check_run_id"]))
        if run is None:
            raise Denied(404, "Not Found")
        # GitHub adds annotations up; all else that is sent takes the place of what was.
        known = run.get("output", {}).get("annotations", [])
        updated = {**run, **asked.body}
        added = asked.body.get("output", {}).get("annotations", [])
        if known or added:
            updated["output"] = {**updated["output"], "annotations": [*known, *added]}
        return Said(200, _shown(self._store(repository, updated)))

    def check_runs(self, asked: Asked) -> Said:
        repository = self._of(asked, "checks:read")
        runs = [
            _shown(run)
            for run in repository.check_runs.values()
            if run["head_sha"] == asked.values["ref"]
            and asked.query.get("check_name", run["name"]) == run["name"]
        ]
        page = _page(asked, runs)
        body = {"total_count": len(runs), "check_runs": page.body}
        return Said(200, body, page.another_page)

    def listed(self, asked: Asked) -> Said:
        token = token_of(self.world, asked.authorization)
        if token is None or token.installation is None:
            raise Denied(403, "You must authenticate with an installation access token.")
        found = [_repository(each) for each in self.world.installed(token.installation)]
        page = _page(asked, found)
        body = {"total_count": len(found), "repositories": page.body}
        return Said(200, body, page.another_page)

    def make_token(self, asked: Asked) -> Said:
        check_app(self.world, asked.authorization)
        installation = int(asked.values["installation_id"])
        seen = self.world.installed(installation)
        if not seen:
            raise Denied(404, "Not Found")
        body = asked.body or {}
        ids = body.get("repository_ids")
        if ids is not None and not set(ids) <= {each.id for each in seen}:
            raise Denied(422, "There is at least one repository that does not exist or is not seen")
        only = None if ids is None else frozenset(ids)
        text, token = self.world.installation_token(installation, body.get("permissions"), only)
        ends = token.expires_at or self.world.now()
        shown = {
            "token": text,
            "expires_at": ends.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "permissions": token.permissions,
        }
        return Said(201, shown)

    def _pull(self, repository: FakeRepository, asked: Asked) -> FakePullRequest:
        found = repository.pull_requests.get(int(asked.values["pull_number"]))
        if found is None:
            raise Denied(404, "Not Found")
        return found

    def _store(self, repository: FakeRepository, run: dict[str, Any]) -> dict[str, Any]:
        for name in ("summary", "text"):
            if len((run.get("output", {}).get(name) or "").encode()) > 65_535:
                raise Denied(422, f"{name} exceeds a maximum bytesize of 65535")
        if "conclusion" in run and run["conclusion"] is not None:
            run["status"] = "completed"
        if (run["status"] == "completed") != (run.get("conclusion") is not None):
            raise Denied(422, "Invalid request. A completed run needs a conclusion, others none.")
        repository.check_runs[run["id"]] = run
        return run


def _repository(found: FakeRepository) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name.partition("/")[2],
        "full_name": found.name,
        "private": found.private,
        "default_branch": found.default_branch,
    }


def _pull_request(repository: FakeRepository, found: FakePullRequest) -> dict[str, Any]:
    here = {"id": repository.id, "full_name": repository.name}
    elsewhere = {"id": repository.id + 500_000, "full_name": found.head_repository}
    other = None if found.head_repository is None else elsewhere
    head = here if found.head_repository == repository.name else other
    return {
        "number": found.number,
        "state": "open",
        "title": found.title,
        "user": {"login": found.author},
        "author_association": found.author_association,
        "head": {"ref": found.head_ref, "sha": found.head_sha, "repo": head},
        "base": {"ref": found.base_ref, "sha": found.base_sha, "repo": here},
        "changed_files": len(found.paths),
        "mergeable": found.mergeable,
        "merge_commit_sha": found.merge_sha,
    }


def _file(path: str) -> dict[str, Any]:
    return {"filename": path, "status": "modified"}


def _shown(run: Mapping[str, Any]) -> dict[str, Any]:
    """A run as GitHub answers it: its actions are not told, annotations only counted."""
    told = {key: value for key, value in run.items() if key not in ("actions", "output")}
    output = run.get("output", {})
    return {
        **told,
        "output": {
            "title": output.get("title"),
            "summary": output.get("summary"),
            "text": output.get("text"),
            "annotations_count": len(output.get("annotations", [])),
        },
    }


def _page(asked: Asked, all_of_them: list[Any]) -> Said:
    size, page = int(asked.query.get("per_page", PAGE)), int(asked.query.get("page", "1"))
    end = page * size
    return Said(200, all_of_them[end - size : end], another_page=end < len(all_of_them))
