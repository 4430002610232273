"""A session that speaks the app's own protocol: what a browser sends, without what it draws."""

from __future__ import annotations

import re
import time
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

MARK = re.compile(rb"fingerprint ([0-9a-f]{64})")


class Session:
    """One open page of the app, and the one field that is changed on it."""

    def __init__(self, url: str, query: str, field: str, patience: float) -> None:
        self.query, self.patience = query, patience
        self.socket: ClientConnection = connect(
            f"{url.replace('http', 'ws', 1)}/_stcore/stream",
            origin=url,  # type: ignore[arg-type]
            subprotocols=["streamlit"],  # type: ignore[list-item]
            max_size=None,
        )
        self.field = ""
        self._run(BackMsg(), field)
        if not self.field:
            raise AssertionError(f"no field {field} on the page of {query}")

    def change(self, text: str, mark: str) -> float | None:
        """Seconds until the page has ended and shows the mark; None where it never does."""
        message = BackMsg()
        state = message.rerun_script.widget_states.widgets.add()
        state.id, state.string_value = self.field, text
        began = time.monotonic()
        return time.monotonic() - began if mark in self._run(message) else None

    def close(self) -> None:
        """Leave the page."""
        self.socket.close()

    def _run(self, message: Any, field: str = "") -> set[str]:
        """Send a message and read to the end of the page; the fingerprints it showed."""
        message.rerun_script.query_string = self.query
        self.socket.send(message.SerializeToString())
        shown: set[str] = set()
        until = time.monotonic() + self.patience
        while True:
            raw = self.socket.recv(timeout=max(0.01, until - time.monotonic()))
            assert isinstance(raw, bytes)
            shown |= {found.decode() for found in MARK.findall(raw)}
            said = ForwardMsg.FromString(raw)
            kind = said.WhichOneof("type")
            if kind == "page_info_changed":
                self.query = said.page_info_changed.query_string
            if kind == "delta" and field:
                found = said.delta.new_element.text_input.id
                self.field = found if found.endswith(field) else self.field
            if kind == "script_finished" and (shown or not field):
                return shown
