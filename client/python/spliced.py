"""Client for the spliced daemon: JSON-RPC 2.0 in lines over a Unix socket.

    import spliced

    with spliced.Client() as c, open("web.ova", "rb") as ova:
        print(c.call("daemon.hello"))
        print(c.call("ova.upload",
                     {"pool": "vms", "name": "web", "source": {"fd": 0}, "wait": True},
                     fds=[ova]))

One file, the standard library alone, Python 3.10 or later. A Client may be used
by one thread at a time. Run as a program it makes one call, with standard input
as descriptor 0 where --stdin is given:

    python3 spliced.py [--socket PATH] [--stdin] METHOD [PARAMETERS-AS-JSON]
"""

import json
import socket
import sys
import time
from collections import deque

DEFAULT_SOCKET = "/run/spliced/spliced.sock"
MAX_LINE = 16 << 20  # the longest answer that the daemon sends, and a little more
MAX_LINE += 4096


class Error(Exception):
    """What the daemon answered instead of a result.

    code is a number of the protocol (2: not found, 3: exists, …), message a
    sentence, data a dict with kind, retryable and perhaps field, job, offset,
    member and hint.
    """

    def __init__(self, code, message, data=None):
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data or {}

    @property
    def kind(self):
        return self.data.get("kind", "")

    @property
    def retryable(self):
        return bool(self.data.get("retryable"))


class Closed(ConnectionError):
    """The daemon hung up. __cause__ is its reason, an Error, if it gave one."""


class Client:
    """A connection to the daemon."""

    def __init__(self, path=DEFAULT_SOCKET, timeout=None):
        """Connects. timeout, in seconds, bounds connecting and every call."""
        self._timeout = timeout
        self._last = 0
        self._buffer = bytearray()
        self._looked = 0
        self._notifications = deque()
        self._farewell = None
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(timeout)
            self._socket.connect(path)
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Hangs up. The daemon goes on with jobs that don't need the connection."""
        self._socket.close()

    def call(self, method, params=None, fds=()):
        """Calls a method and returns its result.

        params is a dict. fds are descriptors or files; a parameter points to
        them by index: {"source": {"fd": 0}}. They stay the caller's.

        Raises Error for what the daemon refuses, Closed when it hung up, and
        TimeoutError; after the last two the Client is of no more use.
        """
        self._last += 1
        request = {"jsonrpc": "2.0", "id": self._last, "method": method}
        if params is not None:
            request["params"] = params
        numbers = [fd if isinstance(fd, int) else fd.fileno() for fd in fds]
        if numbers:
            request["fds"] = len(numbers)
        deadline = None if self._timeout is None else time.monotonic() + self._timeout
        self._send(json.dumps(request).encode() + b"\n", numbers, deadline)
        return self._answer(deadline)

    def notifications(self, timeout=None):
        """Yields notifications as (method, params), those that came with answers first.

        Ends when none comes for timeout seconds (None: waits for ever).
        """
        while True:
            while self._notifications:
                yield self._notifications.popleft()
            deadline = None if timeout is None else time.monotonic() + timeout
            try:
                message = self._message(deadline)
            except TimeoutError:
                return
            self._sort(message)

    def _send(self, line, fds, deadline):
        """Sends the descriptors with the first byte: they belong to its message."""
        try:
            self._wait(deadline)
            sent = socket.send_fds(self._socket, [line], fds) if fds else 0
            self._socket.sendall(memoryview(line)[sent:])
        except (BrokenPipeError, ConnectionResetError):
            pass  # the daemon has hung up; its last words may still be there to read
        except OSError:
            self.close()  # half a line may be out
            raise

    def _answer(self, deadline):
        while True:
            try:
                message = self._message(deadline)
            except TimeoutError:
                self.close()  # the answer would be taken for that of a later call
                raise
            if not self._sort(message):
                continue
            if "error" in message:
                raise _error(message["error"])
            return message.get("result")

    def _sort(self, message):
        """Reports whether the message answers the last call; keeps what it is otherwise."""
        if "method" in message:
            self._notifications.append((message["method"], message.get("params")))
        elif message.get("id") is None and "error" in message:
            self._farewell = _error(message["error"])
        return "method" not in message and message.get("id") == self._last

    def _message(self, deadline):
        while True:
            end = self._buffer.find(b"\n", self._looked)
            if end >= 0:
                line = bytes(self._buffer[:end])
                del self._buffer[: end + 1]
                self._looked = 0
                if line.strip():
                    return json.loads(line)
                continue
            self._looked = len(self._buffer)
            if self._looked > MAX_LINE:
                self.close()
                raise Closed("the daemon sent a line that is too long")
            self._wait(deadline)
            try:
                piece = self._socket.recv(1 << 16)
            except ConnectionResetError:
                piece = b""
            if not piece:
                self.close()
                raise Closed("the daemon hung up") from self._farewell
            self._buffer += piece

    def _wait(self, deadline):
        if deadline is None:
            self._socket.settimeout(None)
            return
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the daemon did not answer in time")
        self._socket.settimeout(left)


def _error(fault):
    return Error(fault.get("code", 0), fault.get("message", ""), fault.get("data"))


def main(arguments):
    import argparse

    parser = argparse.ArgumentParser(description="Call one method of the spliced daemon.")
    parser.add_argument("--socket", default=DEFAULT_SOCKET)
    parser.add_argument("--stdin", action="store_true", help="pass standard input as descriptor 0")
    parser.add_argument("method")
    parser.add_argument("params", nargs="?", type=json.loads)
    options = parser.parse_args(arguments)
    try:
        with Client(options.socket) as client:
            result = client.call(options.method, options.params, [sys.stdin] if options.stdin else [])
    except Error as e:
        print(e.message, file=sys.stderr)
        return 64 if e.code == -32602 else e.code if e.code > 0 else 70
    except OSError as e:
        print(e.__cause__ or e, file=sys.stderr)
        return 69
    json.dump(result, sys.stdout, indent=2)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
