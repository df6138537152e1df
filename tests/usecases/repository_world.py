"""A repository with two jobs, one after the other, and what may happen to it."""

from __future__ import annotations

from chalicelib.domain.build import BuildState
from chalicelib.domain.build_record import BuildRecord
from chalicelib.domain.project import Project
from tests.fakes.github_server.payloads import push
from tests.usecases.build_world import SHA, BuildWorld

FILE = "jobs:\n  a:\n    script: x\n  b:\n    needs: a\n    script: y\n"
PROJECT = "octo/web"


def pushed(world: BuildWorld, ref: str, sha: str = SHA) -> BuildRecord:
    world.wait(1)
    world.commit(FILE, sha=sha)
    taken = world.deliver("push", push(world.repository, sha, ref=ref))
    world.build_all()
    return world.dispatcher.build(taken.build_id)


def renamed(world: BuildWorld, name: str) -> None:
    """At GitHub alone."""
    old, repository = world.repository.name, world.repository
    world.github.world.repositories[name.lower()] = repository
    del world.github.world.repositories[old.lower()]
    world.github.world.renamed[old.lower()] = name
    repository.name = name


def state(world: BuildWorld, build: BuildRecord) -> BuildState:
    return world.dispatcher.build(build.id).state


def project(world: BuildWorld) -> Project:
    return world.dispatcher.project(PROJECT)
