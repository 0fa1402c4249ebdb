"""What a check may see and touch: builds the command line of bubblewrap, or of the bare shell where there is none.

It owns the list of what is hidden and never runs a check itself. Inside: the system read-only, the homes, runtime
and state directories empty, /tmp private, no network, no other process, no capability; the checkout writable.
Source: reference/ecosystem.md §13, bwrap(1).
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from echelon.errors import InputError, WorldError

Wanted = Literal["auto", "required", "off"]

PROBE_SECONDS = 10.0
NAME = "bubblewrap"

# Below a home: where version managers keep interpreters, and nothing else. Their parents are left out where they
# hold credentials as well (`~/.cargo/credentials.toml`, `~/.local/share/uv/credentials`).
_TOOLCHAINS = (
    ".pyenv",
    ".nvm",
    ".asdf",
    ".volta",
    ".rustup",
    ".cargo/bin",
    ".bun/bin",
    ".deno/bin",
    ".sdkman/candidates",
    ".local/share/uv/python",
    ".local/share/uv/tools",
    ".local/share/pipx/venvs",
    ".local/share/mise",
    ".local/share/pnpm",
)
# Sockets of daemons (docker, dbus, ssh and gpg agents) are in /run; mail and jobs in /var/spool.
_HIDDEN = ("/home", "/root", "/Users", "/run", "/var/tmp", "/var/spool", "/mnt", "/media")  # noqa: S108 - hidden, not used
_HIDDEN_VARIABLES = ("XDG_STATE_HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME")
_KERNEL = ("/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus")
_RESOLVER = ("/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager/resolv.conf")
_SYSTEM = (
    "/",
    "/bin",
    "/sbin",
    "/usr",
    "/usr/bin",
    "/usr/sbin",
    "/usr/local",
    "/usr/local/bin",
    "/opt",
    "/etc",
    "/lib",
)


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A way to run a check. `hidden` are directories emptied on top of the built-in list (workspace, state)."""

    name: str  # "bubblewrap" or "none": goes into the evidence record
    program: str = ""  # absolute path of bwrap
    hidden: tuple[Path, ...] = ()

    def wrap(
        self,
        argv: Sequence[str],
        directory: Path,
        *,
        writable: tuple[Path, ...] = (),
        readable: tuple[Path, ...] = (),
        network: bool = False,
        temporary: Path | None = None,
    ) -> list[str]:
        """The command line that runs `argv` in `directory`, which is writable, as all of `writable`.

        `readable` stays visible although it lies in something hidden. `temporary` is a directory shown as /tmp;
        without it /tmp lives in memory. Of two paths the deeper one decides, whatever the order.
        """
        if self.name != NAME:
            # A shell in between: `kill -9 $PPID` in a check must not reach the process that watches it.
            return ["/bin/sh", "-c", '"$@"; exit $?', "echelon-check", *argv]
        command = [self.program, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
        command += ["--share-net"] if network else []
        command += ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
        # Root without capabilities may still write the kernel's settings; bwrap 0.8 does not cover all of them.
        for path in _KERNEL:
            command += ["--ro-bind-try", path, path]
        command += ["--bind", str(temporary), "/tmp"] if temporary else ["--tmpfs", "/tmp"]  # noqa: S108 - private
        seen = [*readable, *_toolchains(), *(map(Path, _RESOLVER) if network else ())]
        for option, path in _mounts(self.hidden, seen, [directory, *writable]):
            command += ["--tmpfs", path] if option == "--tmpfs" else [option, path, path]
        return [*command, "--chdir", str(directory.resolve()), "--", *argv]


NO_SANDBOX = Sandbox("none")


def _mounts(hidden: Iterable[Path], readable: Iterable[Path], writable: Iterable[Path]) -> list[tuple[str, str]]:
    """(option, real path), parents before children; for one path writable beats readable beats hidden."""
    homes = [os.path.expanduser("~"), *(os.environ.get(name, "") for name in _HIDDEN_VARIABLES)]  # noqa: PTH111 - no raise
    places = [*map(Path, _HIDDEN), *(Path(home) for home in homes if home.startswith("/")), *hidden]
    # What is hidden must not hide the system: a user whose home is /usr/local keeps a working machine.
    system = {Path(path).resolve() for path in _SYSTEM}
    plan = {path: "--tmpfs" for place in places if (path := place.resolve()).is_dir() and path not in system}
    plan |= {path: "--bind" for place in writable if (path := place.resolve()).exists()}
    covered = {*plan, Path("/tmp")}  # noqa: S108 - compared with, not used
    for place in readable:
        path = place.resolve()
        # The rest of the system is visible as it is; a mount more for each entry of PATH would only cost time.
        if plan.get(path) != "--bind" and path.exists() and (path in covered or not covered.isdisjoint(path.parents)):
            plan[path] = "--ro-bind"
    return sorted(
        ((option, str(path)) for path, option in plan.items()), key=lambda pair: (pair[1].count("/"), pair[1])
    )


@functools.cache
def _toolchains() -> tuple[Path, ...]:
    """Interpreters and tools that live below a home: our own Python, version managers, entries of PATH."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() raises without a home
    found = [home / part for part in _TOOLCHAINS]
    found += [Path(root) for name in ("PYENV_ROOT", "NVM_DIR", "RUSTUP_HOME") if (root := os.environ.get(name))]
    found += [Path(sys.base_prefix), Path(sys.prefix)]
    found += [Path(entry) for entry in os.environ.get("PATH", "").split(os.pathsep) if entry.startswith("/")]
    too_wide = {home.resolve(), Path("/"), *(parent for parent in home.resolve().parents)}
    return tuple(path for path in dict.fromkeys(found) if path.is_dir() and path.resolve() not in too_wide)


@functools.cache
def _probe() -> tuple[str, str]:
    """(path of a bubblewrap that works here, ""), or ("", why not): containers often forbid what it needs."""
    program = shutil.which("bwrap")
    if program is None:
        return "", "bwrap is not on PATH"
    place = tempfile.mkdtemp(prefix="echelon-probe-")
    try:
        argv = Sandbox(NAME, program).wrap(["/bin/sh", "-c", "exit 7"], Path(place))
        done = subprocess.run(argv, capture_output=True, stdin=subprocess.DEVNULL, timeout=PROBE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", f"{program} did not run: {error}"
    finally:
        Path(place).rmdir()
    said = done.stderr.decode("utf-8", "replace").strip()[-300:]
    return (program, "") if done.returncode == 7 else ("", f"{program} failed: {said or done.returncode}")


def find_sandbox(wanted: Wanted, *, hidden: tuple[Path, ...] = ()) -> Sandbox:
    """The best sandbox of this machine, tried once per process by running something in it.

    Raises: WorldError SANDBOX_MISSING when it is required and absent; InputError SANDBOX_UNKNOWN for other words.
    """
    if wanted not in ("auto", "required", "off"):
        raise InputError("SANDBOX_UNKNOWN", f"the sandbox setting is {wanted!r}", "use auto, required or off.")
    if wanted == "off":
        return NO_SANDBOX
    program, problem = _probe()
    if program:
        return Sandbox(NAME, program, hidden)
    if wanted == "auto":
        return NO_SANDBOX
    raise WorldError(
        "SANDBOX_MISSING",
        f"checks must run in a sandbox, and there is none: {problem}.",
        "install bubblewrap (apt install bubblewrap, dnf install bubblewrap), allow user namespaces, or set the "
        "sandbox to auto.",
    )
