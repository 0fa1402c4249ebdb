"""The one test that opens a socket."""

import json
from http.client import HTTPConnection
from threading import Thread

from linkshelf.app import App
from linkshelf.server import MAX_BODY, make_server
from linkshelf.settings import Settings


def test_the_server_answers_and_limits_the_body(tmp_path):
    with make_server(App(Settings(tmp_path / "shelf.sqlite3")), "127.0.0.1", 0) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            status, answer = ask(server.server_port, "GET", "/health")
            assert (status, answer["status"]) == (200, "ok")

            status, answer = ask(server.server_port, "POST", "/health", {"Content-Length": str(MAX_BODY + 1)})
            assert status == 413
            assert str(MAX_BODY) in answer["error"]
        finally:
            server.shutdown()
            thread.join()


def ask(port, method, path, headers=None):
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, headers=headers or {})
        response = connection.getresponse()
        return response.status, json.load(response)
    finally:
        connection.close()
