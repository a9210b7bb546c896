"""A user at a browser: logs in to JupyterHub, starts a server, and runs code in a kernel of it."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import requests as untyped_requests
import websocket as untyped_websocket

requests: Any = untyped_requests
websocket: Any = untyped_websocket


@dataclass
class Output:
    """What a cell gave: printed text, representations by MIME type, and its error, if any."""

    text: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    error: str = ""


class Browser:
    """One user's session."""

    def __init__(self, address: str, user: str) -> None:
        self.address, self.user = address, user
        self._session = requests.Session()
        self._token = ""

    def log_in(self) -> None:
        """By the form, as a person does; then take a token for what comes."""
        self._session.get(f"{self.address}/hub/login", timeout=30).raise_for_status()
        form = {"username": self.user, "password": "any", "_xsrf": self._session.cookies["_xsrf"]}
        done = self._session.post(f"{self.address}/hub/login", data=form, timeout=60, allow_redirects=False)
        assert done.status_code == 302, done.text[:500]
        token = self._hub("POST", f"/users/{self.user}/tokens", {"note": "e2e"})
        self._token = token.json()["token"]

    def start_server(self, seconds: float = 240) -> None:
        """Until the server answers."""
        if "" not in self._hub("GET", f"/users/{self.user}").json()["servers"]:
            self._hub("POST", f"/users/{self.user}/server")
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            server = self._hub("GET", f"/users/{self.user}").json()["servers"].get("", {})
            if server.get("ready"):
                return
            time.sleep(0.5)
        raise AssertionError(f"the server of {self.user} did not start")

    def close(self) -> None:
        """Leave; the server runs on."""
        self._session.close()

    def start_kernel(self) -> Kernel:
        """A kernel with nothing in it."""
        made = requests.post(f"{self._server}/api/kernels", headers=self._headers, json={}, timeout=60)
        assert made.status_code == 201, made.text[:500]
        return Kernel(f"{self._server}/api/kernels/{made.json()['id']}/channels".replace("http", "ws", 1), self._token)

    def get(self, path: str) -> Any:
        """A page below the hub's address."""
        return self._session.get(f"{self.address}{path}", timeout=30)

    @property
    def _server(self) -> str:
        return f"{self.address}/user/{self.user}"

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"token {self._token}"}

    def _hub(self, method: str, path: str, body: Any = None) -> Any:
        headers = {
            "X-XSRFToken": self._session.cookies.get("_xsrf", path="/hub/"),
            "Referer": f"{self.address}/hub/home",
        }
        answer = self._session.request(
            method,
            f"{self.address}/hub/api{path}",
            json=body,
            headers=self._headers if self._token else headers,
            timeout=60,
        )
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer


class Kernel:
    """Runs code; variables stay from one call to the next."""

    def __init__(self, address: str, token: str) -> None:
        self._address, self._header = address, [f"Authorization: token {token}"]

    def run(self, code: str, seconds: float = 300) -> Output:
        """The cell's output; an exception of the code is in `error`."""
        identity = uuid.uuid4().hex
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": True}
        header = {
            "msg_id": identity,
            "username": "",
            "session": identity,
            "msg_type": "execute_request",
            "version": "5.3",
        }
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        # A connection for each cell: the server closes one that nobody reads for a while.
        socket = websocket.create_connection(self._address, header=self._header, timeout=seconds)
        output = Output()
        try:
            socket.send(json.dumps(message))
            while True:
                told = json.loads(socket.recv())
                if told["parent_header"].get("msg_id") == identity and not self._take(told, output):
                    return output
        finally:
            socket.close()

    def check(self, code: str, seconds: float = 300) -> Output:
        """As `run`, and the code must not fail."""
        output = self.run(code, seconds)
        assert not output.error, f"{code}\n{output.error}"
        return output

    @staticmethod
    def _take(told: Any, output: Output) -> bool:
        """Add a message to the output; False when it was the last."""
        kind, content = told["msg_type"], told["content"]
        if kind == "stream":
            output.text += content["text"]
        elif kind in ("execute_result", "display_data"):
            output.data |= content["data"]
        elif kind == "error":
            output.error = "\n".join(content["traceback"])
        return not (kind == "status" and content["execution_state"] == "idle")
