"""Our own `opencode serve`: started when it is needed, one for each state folder, ended with its owner.

Theory of operation. The lock in the state folder is held as long as the server may live, so a record that is found under
a free lock is of a predecessor that died: its process is ended (id and start time prove that it is that one), with the
commands it had started, before another is begun. The memory that a server takes is not given back, so it is begun anew
when it holds too much and no turn is open, never during one. With several turns at once there may be no such moment: so
when it holds twice as much, turns that begin wait until those that are open have ended.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from echelon.errors import HostError
from echelon.hosts.opencode import processes, writing
from echelon.hosts.opencode.client import Client, Stream

START_SECONDS = 60.0
HEALTH_SECONDS = 2.0  # of one question for health while it starts
POLL_SECONDS = 0.05
STARTS_MAX = 3  # a port that was free may be taken by the time it is used
MEMORY_BYTES = 2 * 1024**3  # 0.6 GiB after its first turn, 90 MiB more for each directory (host-opencode.md §10)
DRAIN_FACTOR = 2  # times that memory: then open turns are waited for
DRAIN_LOOK_SECONDS = 1.0
LOG_BYTES = 2 * 1024 * 1024  # of the log; one older log of that size is kept
TAIL_BYTES = 2_000
CHUNK_BYTES = 64 * 1024
DRAIN_SECONDS = 2.0
MARK_BYTES = 8
MARK = "ECHELON_SERVER"  # in the environment of the server and of every command it starts
_OURS = {
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "OPENCODE_DISABLE_SHARE": "1",
    "npm_config_fetch_retries": "0",  # without a registry a start would wait 70 s (host-opencode.md §2.3)
}


@dataclass(frozen=True, slots=True)
class Running:
    """A server that was healthy once."""

    process: subprocess.Popen[bytes]
    start: str  # when the process began
    mark: str
    client: Client
    stream: Stream
    pump: threading.Thread

    @property
    def alive(self) -> bool:
        return self.process.poll() is None


class Server:
    """The server of a state folder. Its methods may be called by many threads."""

    def __init__(
        self,
        binary: Path,
        state: Path,
        config_dir: Path | None,
        environment: Mapping[str, str],
        *,
        start_seconds: float = START_SECONDS,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        self._binary, self._state, self._config_dir = binary, state, config_dir
        self._environment = environment
        self._start_seconds, self._memory_bytes = start_seconds, memory_bytes
        self._guard = threading.Lock()
        self._running: Running | None = None
        self._lock_file: int | None = None
        self._turns = 0
        self._ended = threading.Condition(self._guard)  # a turn did

    @contextlib.contextmanager
    def turn(self, stopped: Callable[[], bool] = lambda: False) -> Iterator[None]:
        """While one is open, the server is not begun anew for its memory. Waits no longer than `stopped` allows."""
        with self._guard:
            while self._turns and self._resident() > DRAIN_FACTOR * self._memory_bytes and not stopped():
                self._ended.wait(DRAIN_LOOK_SECONDS)
            if not self._turns and self._resident() > self._memory_bytes:
                self._end()
            self._turns += 1
        try:
            yield
        finally:
            with self._guard:
                self._turns -= 1
                self._ended.notify_all()

    def _resident(self) -> int:
        return processes.resident(self._running.process.pid) if self._running else 0

    def running(self) -> Running:
        """The server, started when there is none or when it died.

        Raises HostError OPENCODE_FAILED when it ends instead of starting, HOST_SILENT when it takes too long, OPENCODE_IN_USE
        when the state folder is another's.
        """
        with self._guard:
            if self._running is not None and self._running.alive:
                return self._running
            self._end()
            self._lock()
            self._end_predecessor()
            self._running = self._start()
            return self._running

    def close(self) -> None:
        with self._guard:
            self._end()
            if self._lock_file is not None:
                os.close(self._lock_file)
                self._lock_file = None

    # ------------------------------------------------------------------------------------------- beginning

    def _lock(self) -> None:
        if self._lock_file is not None:
            return
        with writing.failing_as("lock", self._state):
            self._state.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self._state / "server.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(handle)
            message = f"Another Echelon runs an OpenCode server in {self._state}."
            raise HostError("OPENCODE_IN_USE", message, "wait until it has ended, or stop it") from error
        self._lock_file = handle

    def _start(self) -> Running:
        for left in reversed(range(STARTS_MAX)):
            running = self._launch()
            if self._healthy(running):
                running.stream.start()
                return running
            ended = running.process.poll()
            self._finish(running)
            if ended is None or not left:
                how = f"ended with {ended}" if ended is not None else f"gave no answer in {self._start_seconds:g} s"
                message = f"`opencode serve` {how} while starting; its log ends: {self._tail()}"
                code = "OPENCODE_FAILED" if ended is not None else "HOST_SILENT"
                raise HostError(code, message, f"{self._state / 'server.log'} says more")
        raise AssertionError("unreachable")

    def _launch(self) -> Running:
        port, password, mark = _free_port(), secrets.token_urlsafe(24), secrets.token_hex(MARK_BYTES)
        words = [str(self._binary), "serve", "--hostname", "127.0.0.1", "--port", str(port)]
        # Before there is a process: whoever dies in between leaves the mark by which it is found.
        record: dict[str, Any] = {"pid": 0, "start": "", "port": port, "password": password, "mark": mark}
        writing.put(self._record, json.dumps(record).encode(), 0o600)
        try:
            process = subprocess.Popen(
                words, cwd=self._state, env=self._variables(password, mark), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            message = f"{self._binary} cannot be started: {error.strerror or error}."
            raise HostError("OPENCODE_FAILED", message, "echelon doctor looks at it") from error
        record |= {"pid": process.pid, "start": (start := processes.started(process.pid))}
        writing.put(self._record, json.dumps(record).encode(), 0o600)
        pump = threading.Thread(target=self._pump, args=(process,), name="opencode-log", daemon=True)
        pump.start()
        client = Client(port, password)
        return Running(process, start, mark, client, Stream(client), pump)

    def _healthy(self, running: Running) -> bool:
        until = time.monotonic() + self._start_seconds
        while running.alive and time.monotonic() < until:
            with contextlib.suppress(HostError):
                running.client.health(HEALTH_SECONDS)
                return running.alive
            time.sleep(POLL_SECONDS)
        return False

    def _variables(self, password: str, mark: str) -> dict[str, str]:
        ours = {"OPENCODE_SERVER_PASSWORD": password, MARK: mark}
        if self._config_dir is not None:
            ours["OPENCODE_CONFIG_DIR"] = str(self._config_dir)
            bridges = [self._config_dir / name / "echelon.js" for name in ("plugin", "plugins")]
            # So that the bridge in the person's own configuration stands back: one is enough.
            for bridge in filter(Path.is_file, bridges):
                ours["ECHELON_BRIDGE"] = str(bridge.resolve())
        return {**_OURS, **self._environment, **ours}

    # ---------------------------------------------------------------------------------------------- ending

    @property
    def _record(self) -> Path:
        return self._state / "server.json"

    def _end(self) -> None:
        if self._running is not None:
            self._finish(self._running)
            self._running = None

    def _finish(self, running: Running) -> None:
        running.stream.close()
        if running.alive:
            processes.end_group(running.process.pid, running.start)
        if running.alive:  # it ends when it is waited for; the kernel does not lose a kill
            running.process.kill()
        running.process.wait(processes.END_SECONDS)
        processes.end_marked(MARK, running.mark)
        running.pump.join(DRAIN_SECONDS)
        with contextlib.suppress(OSError):
            self._record.unlink()

    def _end_predecessor(self) -> None:
        found = _record(writing.read(self._record))
        if found is None:
            return
        if not processes.end_group(found["pid"], found["start"]):
            message = f"The OpenCode server of a run before, process {found['pid']}, does not end."
            raise HostError("OPENCODE_IN_USE", message, f"end process {found['pid']} yourself")
        processes.end_marked(MARK, found["mark"])
        writing.remove(self._record)

    # ------------------------------------------------------------------------------------------------- log

    def _pump(self, process: subprocess.Popen[bytes]) -> None:
        """Keep what the server prints, the last of it, in a file that does not grow for ever."""
        assert process.stdout is not None
        path = self._state / "server.log"
        with contextlib.closing(process.stdout) as pipe:
            while chunk := os.read(pipe.fileno(), CHUNK_BYTES):
                with contextlib.suppress(OSError):  # a full disk must not stop the server
                    if path.exists() and path.stat().st_size > LOG_BYTES:
                        path.replace(path.with_suffix(".log.1"))
                    with path.open("ab") as file:
                        file.write(chunk)

    def _tail(self) -> str:
        with contextlib.suppress(OSError):
            return (self._state / "server.log").read_bytes()[-TAIL_BYTES:].decode("utf-8", "replace").strip()
        return ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _record(content: bytes | None) -> dict[str, Any] | None:
    """What a predecessor left; None when it is nothing that can be acted on."""
    if content is None:
        return None
    try:
        found = json.loads(content)
    except ValueError:
        return None
    shape = {"pid": int, "start": str, "mark": str}
    fits = isinstance(found, dict) and all(isinstance(found.get(name), kind) for name, kind in shape.items())
    return found if fits and len(found["mark"]) >= MARK_BYTES else None
