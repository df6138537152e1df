"""A planned job as the spec that is submitted."""

from __future__ import annotations

from chalicelib.domain.checkout import Checkout
from chalicelib.domain.spec import JobSpec
from chalicelib.repofile.job_spec import job_spec
from chalicelib.repofile.planned import PlannedJob
from chalicelib.repofile.reader import read
from chalicelib.repofile.travis.reader import read_travis

COMMIT = Checkout(repository_url="https://example.org/a/b", commit="a" * 40, token_secret="TOKEN")


def planned(keys: str) -> PlannedJob:
    body = "".join(f"    {line}\n" for line in keys.splitlines())
    return read(f"jobs:\n  x:\n{body}".encode()).jobs[0].job


def test_a_block_alone_is_run_as_it_is_written_with_nothing_around() -> None:
    spec = job_spec(planned("script: |\n  exit 3"), project="a/b", checkout=COMMIT)
    assert (spec.script, spec.shell, spec.name) == ("exit 3\n", None, "x")
    assert spec.checkout == COMMIT


def test_a_shell_of_its_own_is_the_specs() -> None:
    assert job_spec(planned("shell: bash -e\nscript: |\n  a"), project="p").shell == ("bash", "-e")
    made = job_spec(planned("script: |\n  #!/usr/bin/env python3\n  a"), project="p")
    assert made.shell == ("/usr/bin/env", "python3")


def test_with_other_phases_the_shell_is_within_the_script() -> None:
    spec = job_spec(planned("shell: zsh\nscript: a\nsetup: b"), project="p")
    assert spec.shell is None
    assert "'zsh'" in (spec.script or "")


def test_the_file_says_how_much_is_fetched_and_nothing_of_what() -> None:
    keys = "script: a\ncheckout: {depth: 0, submodules: true, lfs: true}"
    spec = job_spec(planned(keys), project="p", checkout=COMMIT)
    assert spec.checkout == COMMIT.model_copy(
        update={"depth": 0, "submodules": "shallow", "lfs": True}
    )
    assert (
        job_spec(planned("script: a\ncheckout: false"), project="p", checkout=COMMIT).checkout
        is None
    )


def test_a_workdir_is_entered_below_the_checkout_or_is_where_it_goes() -> None:
    below = job_spec(planned("script: a\nworkdir: web"), project="p", checkout=COMMIT)
    assert below.workdir is None
    assert "cd -- 'web'" in (below.script or "")
    at = job_spec(planned("script: a\nworkdir: /srv/app"), project="p", checkout=COMMIT)
    assert at.workdir == "/srv/app"
    assert "cd -- " not in (at.script or "")


def test_what_the_file_leaves_open_is_not_set() -> None:
    """So that the project's defaults count (``with_defaults`` goes by the fields that are set)."""
    spec = job_spec(planned("script: a"), project="p")
    assert spec.model_fields_set == {"project", "name", "env", "secrets", "script", "shell"}


def test_the_files_variables_go_over_those_of_the_build() -> None:
    spec = job_spec(planned("script: a\nenv: {CI: no}"), project="p", env={"CI": "true", "X": "1"})
    assert spec.env == {"CI": "no", "X": "1"}


def test_after_keeps_within_the_jobs_own_limits() -> None:
    script = job_spec(planned("script: a\nafter: b\ntimeout: 2m"), project="p").script or ""
    assert "_towline_left 300 115" in script
    keys = "script: a\nafter: b\nsilence_timeout: 1m"
    assert "_towline_left 55 3595" in (job_spec(planned(keys), project="p").script or "")


def test_the_same_again_is_the_same_and_it_survives_storing() -> None:
    made = planned("script: [a]\nsetup: [b]\nafter: |\n  c\nenv: {A: 1}\nmatrix: {v: [1]}")
    again = PlannedJob.model_validate_json(made.model_dump_json())
    spec = job_spec(again, project="p", checkout=COMMIT)
    assert spec == job_spec(made, project="p", checkout=COMMIT)
    assert JobSpec.model_validate_json(spec.model_dump_json()) == spec


def test_a_travis_job_tells_its_own_phases() -> None:
    job = read_travis(b"script: x").jobs[0].job
    script = job_spec(job, project="p", checkout=COMMIT).script or ""
    assert script.count("_towline_begin script") == 1
    assert "TRAVIS_BRANCH" in script
