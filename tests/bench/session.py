"""A session with the app's server in Streamlit's own protocol, without a browser.

It says what Streamlit's page would say: the address, the state of every field on the page, and
which messages it still holds, so that the server sends only their hash. It draws nothing, so the
seconds it measures are the server's. Where the page would send a token for a reader who has signed
in, it sends what the page sends for one who has not.
"""

from __future__ import annotations

import re
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass

from google.protobuf.message import Message
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

FIRST = 120.0  # seconds until a first page
FINGERPRINT = re.compile(r"fingerprint ([0-9a-f]{64})")
PROTOCOLS = [Subprotocol("streamlit"), Subprotocol("PLACEHOLDER_AUTH_TOKEN")]


@dataclass
class Kept:
    """A message that the server may send again as its hash, and the run that last showed it."""

    message: ForwardMsg
    run: int


def reported(body: Message) -> WidgetState | None:
    """What a page says about a field that nobody touched; nothing where it says nothing."""
    name = body.DESCRIPTOR.name
    state = WidgetState(id=getattr(body, "id", ""))
    said = getattr(body, "set_value", False)
    if name in ("TextInput", "TextArea"):
        state.string_value = body.value if said else body.default
    elif name == "Checkbox":
        state.bool_value = body.value if said else body.default
    elif name in ("Selectbox", "Radio"):
        if said:
            state.string_value = body.raw_value
        elif body.HasField("default") and body.options:
            state.string_value = body.options[body.default]
    elif name in ("ButtonGroup", "MultiSelect"):
        labels = [getattr(option, "content", option) for option in body.options]
        chosen = body.raw_values if said else [labels[at] for at in body.default]
        state.string_array_value.data.extend(chosen)
    else:
        return None
    return state


class Session:
    """One reader of the app with one field, named by its key; it opens at once."""

    def __init__(self, url: str, query: str, key: str, latest: float) -> None:
        self.url = url
        self.errors = 0
        self._query = query
        self._key, self._latest = key, latest
        self._page = ""
        self._states: dict[str, WidgetState] = {}
        self._on_page: set[str] = set()
        self._kept: dict[str, Kept] = {}
        self._keep_for, self._runs = 0, 0
        self._mark = ""
        self._shown: dict[str, float] = {}  # fingerprint -> when the run that drew it ended
        self._news = threading.Condition()
        self._until_closed = ExitStack()
        self._socket: ClientConnection = self._until_closed.enter_context(
            connect(
                url.replace("http", "ws", 1) + "/_stcore/stream",
                origin=Origin(url),
                subprotocols=PROTOCOLS,
                max_size=None,
            )
        )
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        self._run()
        with self._news:
            if not self._news.wait_for(lambda: self._shown, FIRST):
                raise TimeoutError(f"no page with a fingerprint: {query}")

    # --------------------------------------------------------------------------- said to the server

    def change(self, text: str, expected: str) -> float | None:
        """Type and press Enter. Seconds until a page with that fingerprint ended; None if lost."""
        with self._news:
            name = next(name for name in self._states if name.endswith(f"-{self._key}"))
            self._states[name] = WidgetState(id=name, string_value=text)
        began = time.monotonic()
        self._run()
        with self._news:
            came = self._news.wait_for(lambda: expected in self._shown, self._latest)
            return self._shown[expected] - began if came else None

    def close(self) -> None:
        """Leave the page."""
        self._until_closed.close()
        self._thread.join()

    def _run(self) -> None:
        said = BackMsg()
        with self._news:
            said.rerun_script.query_string = self._query
            said.rerun_script.page_script_hash = self._page
            said.rerun_script.widget_states.widgets.extend(self._states.values())
            said.rerun_script.cached_message_hashes.extend(self._kept)
        said.rerun_script.context_info.timezone = "UTC"
        said.rerun_script.context_info.locale = "en-US"
        said.rerun_script.context_info.url = self.url
        said.rerun_script.context_info.color_scheme = "light"
        self._socket.send(said.SerializeToString())

    # ------------------------------------------------------------------------------ the server says

    def _listen(self) -> None:
        # A connection that is cut loses what was asked for, and that is counted.
        with suppress(ConnectionClosed):
            for data in self._socket:
                assert isinstance(data, bytes)
                message = ForwardMsg.FromString(data)
                with self._news:
                    self._hear(message)

    def _hear(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "ref_hash":
            kept = self._kept[message.ref_hash]
            kept.run = self._runs
            message = kept.message
            kind = message.WhichOneof("type")
        elif message.metadata.cacheable:
            self._kept[message.hash] = Kept(message, self._runs)
        if kind == "new_session":
            self._on_page, self._mark = set(), ""
            self._page = message.new_session.page_script_hash
            self._keep_for = message.new_session.config.max_cached_message_age
        elif kind == "navigation":
            self._page = message.navigation.page_script_hash
        elif kind == "page_info_changed":
            self._query = message.page_info_changed.query_string
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._see(message.delta.new_element)
        elif kind == "script_finished" and message.script_finished == (
            ForwardMsg.FINISHED_SUCCESSFULLY
        ):
            self._finish()

    def _see(self, element: Element) -> None:
        kind = element.WhichOneof("type")
        if kind is None:
            return
        body = getattr(element, kind)
        if kind == "exception":
            self.errors += 1
        elif kind == "markdown" and (found := FINGERPRINT.search(body.body)):
            self._mark = found[1]
        elif state := reported(body):
            self._on_page.add(state.id)
            if body.set_value or state.id not in self._states:
                self._states[state.id] = state

    def _finish(self) -> None:
        """A run ended: its page is whole, and what it no longer shows is forgotten."""
        self._states = {name: one for name, one in self._states.items() if name in self._on_page}
        self._runs += 1
        self._kept = {
            mark: one for mark, one in self._kept.items() if self._runs - one.run <= self._keep_for
        }
        if self._mark:
            self._shown.setdefault(self._mark, time.monotonic())
            self._news.notify_all()
