"""Test of spliced.py: python3 spliced_test.py SOCKET SOCKET-WITHOUT-ACCESS.

The server behind the first socket is the one in ../client_test.go.
"""

import os
import sys
import tempfile
import unittest

import spliced

OPEN, CLOSED = sys.argv[1], sys.argv[2]


class ClientTest(unittest.TestCase):
    def setUp(self):
        self.client = spliced.Client(OPEN, timeout=10)
        self.addCleanup(self.client.close)

    def test_result(self):
        self.assertEqual(self.client.call("daemon.hello"), {"version": "1"})

    def test_files_and_numbers(self):
        before = os.listdir("/proc/self/fd")
        for i in range(20):
            with tempfile.TemporaryFile() as first, tempfile.TemporaryFile() as second:
                second.write(b"content %d" % i)
                second.seek(0)
                got = self.client.call("image.upload", {"source": {"fd": 1}}, fds=[first, second.fileno()])
                self.assertEqual(got, "content %d" % i)
        self.assertEqual(len(os.listdir("/proc/self/fd")), len(before))

    def test_failure(self):
        with self.assertRaises(spliced.Error) as caught:
            self.client.call("image.show")
        e = caught.exception
        self.assertEqual((e.code, e.kind, e.retryable, e.data["field"]), (2, "not-found", False, "name"))
        self.assertEqual(str(e), 'Cannot show image "x": there is none.')
        self.assertEqual(self.client.call("daemon.hello"), {"version": "1"})

    def test_long_line(self):
        with self.assertRaises(spliced.Error) as caught:
            self.client.call("daemon.hello", {"x": "ä" * 20_000})
        self.assertEqual(caught.exception.code, -32602)

    def test_line_beyond_the_limit(self):
        with self.assertRaises(spliced.Closed) as caught:
            self.client.call("daemon.hello", {"x": "x" * 3_000_000})
        self.assertEqual(caught.exception.__cause__.code, -32600)

    def test_notifications(self):
        self.assertEqual(self.client.call("job.subscribe", {"n": 3}), 3)
        got = [params["seq"] for method, params in self.client.notifications(timeout=0.05) if method == "job.event"]
        self.assertEqual(got, [0, 1, 2])
        self.assertEqual(self.client.call("daemon.hello"), {"version": "1"})

    def test_timeout(self):
        with spliced.Client(OPEN, timeout=0.05) as client:
            with self.assertRaises(TimeoutError):
                client.call("job.wait")
            with self.assertRaises(OSError):
                client.call("daemon.hello")

    def test_no_access(self):
        with spliced.Client(CLOSED, timeout=10) as client:
            with self.assertRaises(spliced.Closed) as caught:
                client.call("daemon.hello")
            self.assertEqual(caught.exception.__cause__.code, 5)

    def test_nobody_listens(self):
        with self.assertRaises(FileNotFoundError):
            spliced.Client(OPEN + "x")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
