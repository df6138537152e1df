"""Collects into one folder what the runner needs to run in any Linux image.

    python3 assemble.py OUT RUNNER

OUT is made new and holds afterwards

    loader                  the dynamic loader: what starts the interpreter in an image without libc
    bin/python3             the interpreter that ran this file
    lib/*.so*               every shared object that it and its extension modules need
    lib/pythonX.Y/          the standard library as bytecode, and lib-dynload
    etc/ca-certificates.crt the certificate authorities of the machine that builds
    runner/<its name>/      RUNNER, the runner's package
    git/                    git as far as a checkout needs it, if the machine has git and patchelf,
                            and git-lfs, if the machine has that, too

It runs in the build stage of runner_image/Dockerfile, with the standard library alone. It fails
with a sentence and status 1 when something is missing; it may be repeated.
"""

from __future__ import annotations

import os
import py_compile
import shutil
import struct
import subprocess
import sys
import sysconfig
from pathlib import Path

# Where distributions keep the one file with all certificate authorities.
CA_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)
# The runner speaks HTTP, compresses and starts processes. These serve other ends, and are most of
# the standard library's size; "site" would look for packages of the job's image.
LEFT_OUT = {
    *("__phello__", "__pycache__", "antigravity", "cProfile", "config", "curses", "dbm"),
    *("dist-packages", "distutils", "doctest", "ensurepip", "idlelib", "lib2to3", "msilib", "pdb"),
    *("profile", "pstats", "pydoc", "pydoc_data", "site-packages", "sitecustomize", "sqlite3"),
    *("test", "tests", "this", "tkinter", "turtle", "turtledemo", "unittest", "venv", "wsgiref"),
    "xmlrpc",
}
LEFT_OUT_EXTENSIONS = (
    *("_codecs_", "_ctypes_test", "_curses", "_dbm", "_gdbm", "_sqlite3", "_test", "_tkinter"),
    *("_xx", "audioop", "nis", "ossaudiodev", "readline", "xx"),
)
# glibc opens these by name: name service before 2.34, and the unwinder that ends a thread.
OPENED_BY_NAME = ("libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2", "libgcc_s.so.1")

# What a checkout runs; git itself finds the others beside it. Not git-submodule, a shell script.
GIT_PROGRAMS = ("git", "git-remote-http")
GIT_OTHER_NAMES = {"git-remote-https": "git-remote-http"}
# A program of its own that git finds beside its parts.
GIT_LFS = "git-lfs"
# Where jobs find the folder. Git starts its parts itself, so each must find loader and libraries.
FOLDER = "/towline"

PT_INTERP = 3


class IncompleteError(Exception):
    """Something that the folder needs is not on this machine; the message is a sentence."""


class StaticError(IncompleteError):
    """A program that needs no loader."""


def interpreter_of(program: Path) -> Path:
    """The dynamic loader that an ELF file (64 bits, little-endian) asks for."""
    data = program.read_bytes()
    if data[:6] != b"\x7fELF\x02\x01":
        raise IncompleteError(f"{program} is not a 64-bit little-endian ELF program.")
    table, entry_size, entries = (
        struct.unpack_from("<Q", data, 32)[0],
        *struct.unpack_from("<HH", data, 54),
    )
    for index in range(entries):
        at = table + index * entry_size
        if struct.unpack_from("<I", data, at)[0] == PT_INTERP:
            offset, size = (
                struct.unpack_from("<Q", data, at + 8)[0],
                struct.unpack_from("<Q", data, at + 32)[0],
            )
            return Path(data[offset : offset + size].rstrip(b"\0").decode())
    raise StaticError(f"{program} is linked statically: it cannot load its extension modules.")


def shared_objects(loader: Path, elf: Path) -> dict[str, Path]:
    """What the loader would load for an ELF file: name asked for -> file."""
    answer = subprocess.run(
        [loader, "--list", elf], capture_output=True, text=True, check=False, env={"LC_ALL": "C"}
    )
    if answer.returncode:
        raise IncompleteError(f"{loader} --list {elf} failed: {answer.stderr.strip()}")
    found = {}
    for line in answer.stdout.splitlines():
        name, arrow, rest = line.strip().partition(" => ")
        if not arrow:
            continue  # the kernel's own, and the loader itself
        file = rest.rsplit(" (", 1)[0]
        if not file.startswith("/"):
            raise IncompleteError(f"{elf} needs {name}, which is not on this machine.")
        found[os.path.basename(name)] = Path(file)
    return found


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def compile_to(source: Path, target: Path, shown_as: str) -> None:
    """Bytecode that is never compared with a source: its times mean nothing inside an image."""
    target.parent.mkdir(parents=True, exist_ok=True)
    py_compile.compile(
        str(source), cfile=str(target), dfile=shown_as, doraise=True,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )  # fmt: skip


def collect_library(out: Path) -> list[Path]:
    """The standard library as bytecode beside where its source would be; returns the extensions."""
    library = Path(sysconfig.get_path("stdlib"))
    target = out / "lib" / library.name
    for source in sorted(library.rglob("*.py")):
        relative = source.relative_to(library)
        names = {*relative.parts[:-1], relative.stem}
        if names & LEFT_OUT or relative.parts[0].startswith("config-"):
            continue
        compile_to(
            source, target / relative.with_suffix(".pyc"), f"/towline/lib/{library.name}/{relative}"
        )
    extensions = []
    for source in sorted((library / "lib-dynload").glob("*.so")):
        if not source.name.startswith(LEFT_OUT_EXTENSIONS):
            copy(source, target / "lib-dynload" / source.name)
            extensions.append(source)
    # The interpreter looks for this folder to know where its library is, even when it is empty.
    (target / "lib-dynload").mkdir(parents=True, exist_ok=True)
    return extensions


def collect_objects(out: Path, loader: Path, elves: list[Path]) -> None:
    objects: dict[str, Path] = {}
    for elf in elves:
        objects.update(shared_objects(loader, elf))
    folders = dict.fromkeys(file.parent for file in objects.values())
    for name in OPENED_BY_NAME:
        for folder in folders:
            if (folder / name).exists():
                objects.setdefault(name, folder / name)
    for name in list(objects):
        if name in OPENED_BY_NAME:
            objects.update(shared_objects(loader, objects[name]))
    for name, file in objects.items():
        copy(file, out / "lib" / name)


def collect_certificates(out: Path) -> None:
    for bundle in map(Path, CA_BUNDLES):
        if bundle.is_file() and bundle.stat().st_size:
            copy(bundle, out / "etc" / "ca-certificates.crt")
            return
    raise IncompleteError("No certificate authorities on this machine; install ca-certificates.")


def collect_runner(out: Path, runner: Path) -> None:
    """The runner with its source, which its own tracebacks show, and its bytecode."""
    target = out / "runner" / runner.name
    for source in sorted(runner.rglob("*.py")):
        relative = source.relative_to(runner)
        copy(source, target / relative)
        cached = target / relative.parent / "__pycache__"
        bytecode = cached / f"{relative.stem}.{sys.implementation.cache_tag}.pyc"
        compile_to(source, bytecode, f"/towline/runner/{runner.name}/{relative}")
    if not (target / "__main__.py").exists():
        raise IncompleteError(f"{runner} holds no runner: __main__.py is missing.")


def collect_git(out: Path) -> str:
    """Git's programs, made to run with the folder's own loader and libraries. What was done, in
    words; a machine without git or patchelf makes a folder without."""
    git, patchelf = shutil.which("git"), shutil.which("patchelf")
    if git is None or patchelf is None:
        return "no git in it: the machine has no git or no patchelf; checkouts will fail"
    answer = subprocess.run([git, "--exec-path"], capture_output=True, text=True, check=False)
    parts = Path(answer.stdout.strip())
    missing = [name for name in GIT_PROGRAMS if not (parts / name).is_file()]
    if missing:
        return f"no git in it: {parts} has no {', '.join(missing)}; checkouts will fail"
    for name in GIT_PROGRAMS:
        collect_program(parts / name, out, patchelf)
    for name, same in GIT_OTHER_NAMES.items():
        (out / "git" / name).symlink_to(same)
    large = shutil.which(GIT_LFS)
    if large is not None:
        collect_program(Path(large), out, patchelf)
    without = "" if large else ", and there is no git-lfs on this machine"
    return f"git is {size_of(out / 'git') / 1e6:.1f} MB of it, without its libraries{without}"


def collect_program(program: Path, out: Path, patchelf: str) -> None:
    """One of git's, made to run with the folder's loader and libraries."""
    target = out / "git" / program.name
    copy(program, target)
    try:
        loader = interpreter_of(program.resolve())
    except StaticError:  # as git-lfs comes from its makers: it needs nothing
        return
    collect_objects(out, loader, [program.resolve()])
    # RPATH, not RUNPATH: it counts for the libraries' own libraries, too (ld.so(8)).
    command = [patchelf, "--set-interpreter", f"{FOLDER}/loader", "--force-rpath"]
    command += ["--set-rpath", f"{FOLDER}/lib", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise IncompleteError(f"patchelf could not change {target}: {done.stderr.strip()}")


def open_to_all(out: Path) -> None:
    """Jobs run as any user: everyone may read, nobody but root may write."""
    for file in (out, *out.rglob("*")):
        runs = (
            file.is_dir()
            or file.parent.name in ("bin", "git")
            or ".so" in file.name
            or file.name == "loader"
        )
        file.chmod(0o755 if runs else 0o644)


def size_of(folder: Path) -> int:
    return sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file())


def assemble(out: Path, runner: Path) -> str:
    """Make OUT anew; see the head of this file. Words about git. Raises ``IncompleteError``."""
    shutil.rmtree(out, ignore_errors=True)
    python = Path(sys.executable).resolve()
    loader = interpreter_of(python)
    if not loader.name.startswith("ld-linux"):
        raise IncompleteError(f"{python} is not linked with glibc (its loader is {loader}).")
    copy(python, out / "bin" / "python3")
    copy(loader, out / "loader")
    collect_objects(out, loader, [python, *collect_library(out)])
    collect_certificates(out)
    collect_runner(out, runner)
    about_git = collect_git(out)
    open_to_all(out)
    return about_git


if __name__ == "__main__":
    destination = Path(sys.argv[1])
    try:
        words = assemble(destination, Path(sys.argv[2]))
    except IncompleteError as trouble:
        sys.exit(f"assemble: {trouble}")
    print(f"assemble: {words}")
    print(f"assemble: {destination} holds {size_of(destination) / 1e6:.1f} MB")
