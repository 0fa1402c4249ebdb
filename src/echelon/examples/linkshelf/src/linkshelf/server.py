"""The socket side: `http.server` on one end, `App` on the other."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from linkshelf.app import App
from linkshelf.web import Request, Response, as_json

MAX_BODY = 1024 * 1024  # bytes; a bookmark is small, and so is a file of 1,000 of them


def make_server(app: App, host: str, port: int) -> ThreadingHTTPServer:
    """A server that is bound but does not answer yet; port 0 takes a free one."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 30  # seconds; a client that says nothing is let go

        def answer(self) -> None:
            length = self.headers.get("Content-Length", "0")
            if not length.isdecimal() or int(length) > MAX_BODY:
                self.close_connection = True  # the body stays unread
                self.send(as_json({"error": f"a body has at most {MAX_BODY} bytes"}, 413))
                return
            self.send(app.handle(self.read(int(length))))

        def read(self, length: int) -> Request:
            address = urlsplit(self.path)
            return Request(
                method=self.command,
                path=address.path,
                query=dict(parse_qsl(address.query)),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(length),
                client=self.client_address[0],
            )

        def send(self, response: Response) -> None:
            self.send_response(response.status)
            self.send_header("Content-Type", f"{response.content_type}; charset=utf-8")
            self.send_header("Content-Length", str(len(response.body)))
            for name, value in response.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(response.body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Quiet: addresses and queries of people do not belong into a log by default."""

        do_GET = do_POST = do_DELETE = answer  # noqa: N815 - the names http.server looks for

    return ThreadingHTTPServer((host, port), Handler)
