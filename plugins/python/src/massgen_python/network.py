"""Sockets that speak HTTP and nothing else.

The host opens no connections for a program; it takes whole requests. A stream socket here gathers
what is written to it until that is a request of HTTP/1.1, hands it to the host (`egress`), and gives
the answer's bytes. So `urllib.request`, `http.client` and the
packages that stand on them work as they are. Everything else that sockets can do is refused with a
reason: nothing here is what keeps a program from the network.
"""

import errno
import http.client
import io
import socket

from . import egress

_NO_SOCKETS = (
    "the sandbox has no network but HTTP: a program may send requests to the hosts that whoever "
    "started it allows, and can neither listen nor speak another protocol"
)

_NO_ADDRESSES = "names are looked up outside the sandbox when a request is sent, and their addresses are not told"

#: Bytes that the head of a request may have; what is longer without an end is none.
_LONGEST_HEAD = 65_536

_Socket = socket.socket


class Socket(_Socket):
    """A stream socket whose connection is one HTTP exchange after the other."""

    def __init__(self, family=-1, type=-1, proto=-1, fileno=None):
        is_stream = type in (-1, socket.SOCK_STREAM)
        is_internet = family in (-1, socket.AF_INET, socket.AF_INET6)
        if fileno is not None or not (is_stream and is_internet):
            _refuse()
        self._io_refs, self._closed = 0, False
        self._address = None
        self._timeout = socket.getdefaulttimeout()
        self._draft = _Draft()
        self._answer = self._late = None
        #: `https` once TLS was asked for (see the module `ssl`).
        self.scheme = "http"

    family = property(lambda _: socket.AF_INET)
    type = property(lambda _: socket.SOCK_STREAM)
    proto = property(lambda _: socket.IPPROTO_TCP)
    timeout = property(lambda self: self._timeout)

    def __repr__(self):
        return f"<socket to {self._address}>"

    def connect(self, address):
        """Notes where requests go; whether they may is decided when the first one is sent."""
        self._address = address[:2]

    def connect_ex(self, address):
        """As `connect`; never fails."""
        self.connect(address)
        return 0

    def sendall(self, data, flags=0):
        """Takes bytes of a request, and sends it with its last one.

        So a connection that fails does so where programs expect it; a wait that was too long is told
        where they read.
        """
        if self._closed:
            raise OSError(errno.EBADF, "Bad file descriptor")
        self._end_answer()
        request = self._draft.write(data)
        if request is None:
            return
        self._draft = _Draft()
        try:
            self._answer = _Wire(request.send(self.scheme, self.getpeername(), self._timeout))
        except TimeoutError as late:
            self._late = late

    def send(self, data, flags=0):
        """As `sendall`; takes all of them."""
        self.sendall(data)
        return len(memoryview(data).cast("B"))

    def recv_into(self, buffer, nbytes=0, flags=0):
        """Bytes of the answer, which is waited for."""
        view = memoryview(buffer)
        return self._incoming().readinto(view[:nbytes] if nbytes else view) or 0

    def recv(self, bufsize, flags=0):
        """Bytes of the answer, which is waited for."""
        buffer = bytearray(bufsize)
        return bytes(buffer[: self.recv_into(buffer)])

    def makefile(self, mode="r", buffering=None, **text):
        """The answer as a file."""
        if "w" in mode or buffering == 0:
            raise ValueError("this socket gives a buffered file to read")
        file = io.BufferedReader(_Incoming(self))
        return file if "b" in mode else io.TextIOWrapper(file, **text)

    def settimeout(self, value):
        """Sets the seconds that a connection and each wait for bytes may take."""
        self._timeout = value

    def gettimeout(self):
        """The seconds that a connection and each wait for bytes may take."""
        return self._timeout

    def setblocking(self, flag):
        """True waits for ever; a socket that does not wait is refused."""
        if not flag:
            _refuse()
        self._timeout = None

    def setsockopt(self, *_):
        """Does nothing: the connection is the host's."""

    def getsockopt(self, *_):
        """No option is set."""
        return 0

    def getpeername(self):
        """Where requests go."""
        if self._address is None:
            raise OSError(errno.ENOTCONN, "Socket is not connected")
        return self._address

    def getsockname(self):
        """No address: the connection is the host's."""
        return ("0.0.0.0", 0)

    def fileno(self):
        """No descriptor stands for this socket."""
        return -1

    def shutdown(self, how):
        """Does nothing: a request ends where its head says."""

    def close(self):
        """Gives the connection up. A file of its answer goes on until that is closed too."""
        self._closed = True
        if self._io_refs <= 0:
            self._end_answer()

    def _decref_socketios(self):
        self._io_refs -= 1
        if self._closed:
            self.close()

    def detach(self):
        """Closes it; there is no descriptor to be kept."""
        self.close()
        return -1

    def _refuse_use(self, *_, **__):
        _refuse()

    bind = listen = accept = recvfrom = recvfrom_into = recvmsg = sendto = sendmsg = sendfile = dup = _refuse_use

    def _end_answer(self):
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.close()

    def _incoming(self):
        if self._late is not None:
            late, self._late = self._late, None
            raise late
        return self._answer or io.BytesIO()


class _Incoming(io.RawIOBase):
    """What comes in at a socket, from when it is first read."""

    def __init__(self, connection):
        self._connection = connection
        connection._io_refs += 1

    def readable(self):
        return True

    def readinto(self, buffer):
        return self._connection._incoming().readinto(buffer)

    def close(self):
        if not self.closed:
            super().close()
            self._connection._decref_socketios()


class _Draft:
    """A request while it is being written."""

    def __init__(self):
        self._data = bytearray()
        self._head = None

    def write(self, data):
        """Takes bytes; gives the request once its last one is there, and None before."""
        self._data += data
        if self._head is None:
            self._head = _Head.of(self._data)
        return self._head and self._head.request(self._data)


class _Head:
    """The head of a request, and where its body begins."""

    def __init__(self, line, headers, start):
        self.method, self.target = line[0].decode("latin-1"), line[1].decode("latin-1")
        self.headers = headers
        by_name = {name.lower(): value for name, value in headers}
        self._is_chunked = b"transfer-encoding" in by_name
        self._start, self._end = start, start + int(by_name.get(b"content-length") or 0)

    @classmethod
    def of(cls, data):
        """The head at the front of these bytes, or None while some of it is missing."""
        end = data.find(b"\r\n\r\n")
        line, *fields = bytes(data[:end] if end >= 0 else data).split(b"\r\n")
        line = line.split(b" ")
        if end < 0 and len(data) < _LONGEST_HEAD and line[0].isalpha():
            return None
        if len(line) != 3 or not line[2].startswith(b"HTTP/1."):
            _refuse()
        pairs = (field.partition(b":") for field in fields)
        return cls(line, [(name.strip(), value.strip()) for name, _, value in pairs], end + 4)

    def request(self, data):
        """The request with its body out of these bytes, or None while some of it is missing."""
        if self._is_chunked:
            complete = data.endswith(b"0\r\n\r\n")
            return _Request(self, _unchunked(data[self._start :])) if complete else None
        return _Request(self, data[self._start : self._end]) if len(data) >= self._end else None


class _Request:
    """A request that was written whole."""

    def __init__(self, head, body):
        self._head, self._body = head, bytes(body)

    def send(self, scheme, address, timeout):
        """Hands the request to the host; gives its answer."""
        head = self._head
        if not head.target.startswith("/"):
            raise PermissionError(errno.EACCES, "proxies are the host's: requests go straight to their hosts")
        host, port = address
        host = f"[{host}]" if ":" in host else host
        authority = host if port == {"http": 80, "https": 443}[scheme] else f"{host}:{port}"
        return egress.exchange(head.method, scheme, authority, head.target, head.headers, self._body, timeout)


def _unchunked(data):
    """A body without its chunks (RFC 9112 §7.1)."""
    body, at = bytearray(), 0
    while True:
        end = data.find(b"\r\n", at)
        try:
            size = int(data[at:end].partition(b";")[0], 16)
        except ValueError:
            raise OSError(errno.EINVAL, "the request's chunks are malformed") from None
        if end < 0 or size == 0:
            return body
        start, at = end + 2, end + 2 + size + 2
        body += data[start : start + size]


class _Wire(io.RawIOBase):
    """An answer as the bytes that a server would have sent."""

    def __init__(self, answer):
        self._answer = answer
        reason = http.client.responses.get(answer.status, "")
        lines = [f"HTTP/1.1 {answer.status} {reason}".encode()]
        lines += [name + b": " + value for name, value in answer.headers]
        self._head = memoryview(b"\r\n".join([*lines, b"connection: close", b"", b""]))

    def readinto(self, buffer):
        count = min(len(buffer), len(self._head))
        if count:
            buffer[:count] = self._head[:count]
            self._head = self._head[count:]
            return count
        return self._answer.readinto(buffer)

    def close(self):
        self._answer.close()
        super().close()


def install():
    """Puts these sockets in the place of the library's."""
    socket.socket = socket.SocketType = Socket
    socket.getaddrinfo = _lookup
    for name in ("gethostbyname", "gethostbyname_ex", "gethostbyaddr"):
        setattr(socket, name, _refuse_name)


def _lookup(host, port, family=0, type=0, proto=0, flags=0):
    """A single address, which is the name: only the host looks it up."""
    if host is None or flags & socket.AI_PASSIVE:
        raise socket.gaierror(socket.EAI_FAIL, _NO_SOCKETS)
    if isinstance(host, bytes):
        host = host.decode("idna")
    ports = {"http": 80, "https": 443}
    if isinstance(port, str) and port not in ports:
        try:
            port = int(port)
        except ValueError:
            raise socket.gaierror(socket.EAI_SERVICE, "Servname not supported for ai_socktype") from None
    return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, ports.get(port, port)))]


def _refuse(*_, **__):
    raise PermissionError(errno.EACCES, _NO_SOCKETS)


def _refuse_name(*_, **__):
    raise socket.gaierror(socket.EAI_FAIL, _NO_ADDRESSES)
