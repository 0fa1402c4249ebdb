"""The console as a person meets it: a real Chromium on a real service, a real OpenCode behind it where there is one.

The service runs in a process of its own; requests are counted by the browser, processor time is read below /proc.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from bench import materials, opencode, portfolio
from bench.timing import Samples, echelon, environment, scratch
from echelon.console.control import Heir, StandBy
from echelon.testing.model import say
from echelon.testing.opencode import Server

PROGRAM = os.environ.get("ECHELON_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or ""
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip
IDLE_SECONDS = 20.0
EDITS, LOADS, TABS = 15, 15, 20
LARGE = 2_000  # items
STREAM_RATE, STREAMED = 50, 600  # tokens a second, and in all
RATE, RATE_SECONDS = 50, 12.0
WAIT_MS = 30_000
READY = "() => document.querySelector('main h1') && ![...document.querySelectorAll('main .animate-pulse')].some(one => one.checkVisibility())"
READS = ("/api/overview", "/api/portfolio", "/api/backlog?limit=200", "/api/backlog?q=tache%2017", "/api/mission", "/api/operations",
         "/api/evidence", "/api/journal", "/api/item?key=PGM-003/PRJ-002/B012", "/api/settings", "/api/graph?scope=PGM-001")  # fmt: skip


def missing() -> str:
    """Why nothing can be measured here; "" when it can."""
    if not PROGRAM:
        return "no chromium on the PATH"
    if not (files("echelon.console") / "page" / "index.html").is_file():
        return "the page is not built: make web"
    return "" if Path("/proc/self/stat").exists() else "processor time is read below /proc"


def measure() -> Samples:
    found: Samples = {}
    for part in (_reads, _page, _large):
        with scratch() as folder:
            found |= part(folder)
    if opencode.missing():
        return found
    with opencode.at_work(lambda _asked: say("word " * STREAMED, pace=1 / STREAM_RATE)) as desk:
        return found | _stream(desk)


@dataclass
class Service:
    process: subprocess.Popen[str]
    root: Path
    runtime: Path
    port: int

    def link(self) -> str:
        """As another terminal asks for it; in a thread, because the browser's driver keeps this one's loop."""

        async def ask() -> str:
            standing = StandBy(self.root, lambda _code, _why: True, Heir())
            gone = await standing.connect()
            assert gone is not None, "the console is gone"
            await standing.attach()
            made = await standing.invite()
            gone.cancel()
            return made

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda: asyncio.run(ask())).result()

    def token(self) -> str:
        return str(self.ask("POST", "/api/session", {"secret": self.link().rpartition("#k=")[2]})["token"])

    def ask(self, method: str, path: str, body: Any = None, token: str = "") -> Mapping[str, Any]:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer: Mapping[str, Any] = json.loads(connection.getresponse().read())
            return answer

    def cpu(self) -> float:
        """Seconds of a processor that it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def serving(root: Path, home: Path, runtime: Path | None = None) -> Iterator[Service]:
    home.mkdir(exist_ok=True)
    ours = runtime is None
    runtime = runtime or Path(tempfile.mkdtemp(prefix="ech-"))  # a socket's path is short
    env = {**environment(home), "ECHELON_RUNTIME": str(runtime)}
    os.environ["ECHELON_RUNTIME"] = str(runtime)
    process = subprocess.Popen(
        echelon("console", "--until-closed"),
        cwd=root,
        env=env,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout
        address = str(json.loads(process.stdout.readline())["address"])
        yield Service(process, root, runtime, int(address.rstrip("/").rpartition(":")[2]))
    finally:
        process.kill()
        process.wait()
        if ours:
            shutil.rmtree(runtime, ignore_errors=True)


@contextlib.contextmanager
def browsing() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=list(ARGUMENTS))
        yield browser
        browser.close()


# ---------------------------------------------------------------------------------------------- the service


def _reads(folder: Path) -> Samples:
    """Reads at a steady rate on 100 projects: each is due at its time, whether or not the one before has answered."""
    root = portfolio.made(folder / "ws", portfolio.PROGRAMS)
    with serving(root, folder / "home") as service:
        token = service.token()
        for path in READS:
            service.ask("GET", path, token=token)
        dice, took = random.Random(1), list[float]()
        begun = time.perf_counter()

        def one(number: int) -> None:
            due = begun + number / RATE
            time.sleep(max(0.0, due - time.perf_counter()))
            service.ask("GET", dice.choice(READS), token=token)
            took.append((time.perf_counter() - due) * 1000)

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(one, range(int(RATE * RATE_SECONDS))))
    return {
        "console_reads_p50": [statistics.median(took)],
        "console_reads_p99": [statistics.quantiles(took, n=100)[98]],
    }


# ---------------------------------------------------------------------------------------------- the page


def _page(folder: Path) -> Samples:
    root = materials.workspace(folder / "ws", materials.items(40))
    found: Samples = {}
    with serving(root, folder / "home") as service, browsing() as browser:
        found |= _first_view(service, browser)
        found |= _idle(service, browser)
        found |= _edits(service, browser)
        found |= _tabs(service, browser)
    return found


def _open(service: Service, browser: Any, path: str) -> tuple[Any, Any]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    address, _, secret = service.link().partition("/#")
    page.goto(f"{address}{path}#{secret}")
    page.wait_for_function("() => !location.hash")
    return context, page


def _first_view(service: Service, browser: Any) -> Samples:
    """From the click on the link to what the person came for; nothing is in the browser's cache."""
    usable, size = list[float](), list[float]()
    for _ in range(LOADS):
        context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
        page = context.new_page()
        watch = context.new_cdp_session(page)
        watch.send("Network.enable")
        bytes_of = list[float]()
        watch.on("Network.loadingFinished", lambda event, kept=bytes_of: kept.append(event["encodedDataLength"]))
        link = service.link()
        begun = time.perf_counter()
        page.goto(link, wait_until="commit")
        page.wait_for_function(READY)
        usable.append((time.perf_counter() - begun) * 1000)
        page.wait_for_timeout(500)
        size.append(sum(bytes_of) / 1000)
        context.close()
    return {"console_first": usable, "console_size": size}


def _idle(service: Service, browser: Any) -> Samples:
    context, page = _open(service, browser, "/backlog")
    page.wait_for_function(READY)
    page.wait_for_timeout(2000)
    asked = list[str]()
    page.on("request", lambda request: asked.append(request.url))
    before, begun = service.cpu(), time.perf_counter()
    page.wait_for_timeout(IDLE_SECONDS * 1000)
    used = (service.cpu() - before) / (time.perf_counter() - begun) * 100
    context.close()
    return {"console_idle_requests": [len(asked) / IDLE_SECONDS], "console_idle_cpu": [used]}


def _edits(service: Service, browser: Any) -> Samples:
    """A person edits a title in their editor, and sees it in the page."""
    context, page = _open(service, browser, "/backlog")
    page.get_by_text("Tâche 7 du projet").first.wait_for()
    file = service.root / ".opencode/backlog.md"
    took = list[float]()
    text = file.read_text("utf-8")
    for number in range(EDITS):
        page.wait_for_timeout(300)
        words = f"Titre numéro {number}"
        page.evaluate(
            """words => { window.seen = new Promise(done => { const look = () => { if (document.body.innerText.includes(words)) done(Date.now()); };
               new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true}); }); }""",
            words,
        )
        begun = time.time() * 1000
        file.write_text(text.replace("Tâche 7 du projet", words), "utf-8")
        took.append(page.evaluate("() => window.seen") - begun)
    context.close()
    return {"console_edit": took}


def _tabs(service: Service, browser: Any) -> Samples:
    """Each further tab of one browser, opened by its address, until it shows the backlog."""
    context, first = _open(service, browser, "/backlog")
    first.wait_for_function(READY)
    took = list[float]()
    for _ in range(TABS - 1):
        page = context.new_page()
        begun = time.perf_counter()
        page.goto(first.url)
        page.wait_for_function(READY)
        took.append((time.perf_counter() - begun) * 1000)
    context.close()
    return {"console_tabs": [max(took)]}


def _large(folder: Path) -> Samples:
    root = materials.workspace(folder / "ws", materials.items(LARGE))
    shown, nodes = list[float](), list[float]()
    with serving(root, folder / "home") as service, browsing() as browser:
        context, page = _open(service, browser, "/settings")
        page.wait_for_selector("main h1")
        for _ in range(LOADS):
            took = page.evaluate(
                """async () => { const begun = performance.now();
                   [...document.querySelectorAll('nav a')].find(a => new URL(a.href).pathname === '/backlog').click();
                   await new Promise(done => { const look = () => document.body.innerText.includes('Tâche 7 du projet') ? done() : requestAnimationFrame(look); look(); });
                   return performance.now() - begun; }"""
            )
            shown.append(took)
            nodes.append(page.evaluate("() => document.querySelectorAll('*').length"))
            page.evaluate(
                "() => [...document.querySelectorAll('nav a')].find(a => new URL(a.href).pathname === '/settings').click()"
            )
            page.wait_for_timeout(300)
        context.close()
        found = _end(service)
    return {"console_large": shown, "console_nodes": nodes, **found}


def _stream(desk: Any) -> Samples:
    """An agent's answer grows at 50 words a second while a person reads it: what the page asks meanwhile."""
    root = desk.workspace()
    with Server(desk.world("bridged"), root) as server, serving(root, desk.folder / "home", desk.runtime) as service:
        session = server.create(title="t")
        with browsing() as browser:
            context, page = _open(service, browser, "/chat")
            page.get_by_text("t", exact=True).first.click()
            page.wait_for_function(READY)
            server.prompt(session, "say it", opencode.OWN)
            page.get_by_text("word word").first.wait_for()
            asked = list[str]()
            page.on("request", lambda request: asked.append(request.url))
            begun = time.perf_counter()
            page.wait_for_function(
                f"() => document.querySelector('main').innerText.split('word').length > {STREAMED - 60}"
            )
            seconds = time.perf_counter() - begun
            context.close()
    return {"console_stream": [len(asked) / seconds]}


def _end(service: Service) -> Samples:
    """With three streams open, from the signal to the end of the process."""
    token, streams = service.token(), list[http.client.HTTPConnection]()
    for _ in range(3):
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
        connection.request("GET", "/api/events", headers={"Authorization": f"Bearer {token}"})
        connection.getresponse().readline()
        streams.append(connection)
    begun = time.perf_counter()
    service.process.send_signal(signal.SIGTERM)
    service.process.wait(30)
    return {"console_end": [(time.perf_counter() - begun) * 1000]}
