"""One HTTP request over `wasi:http`: the host checks where it goes, and does names, TLS and proxies.

What the host refuses or cannot do is raised as the exception that a socket would have raised.
"""

import errno
import io
import socket

from componentize_py_types import Err
from wit_world.imports import outgoing_handler, streams
from wit_world.imports import wasi_http_types as http

#: Bytes that one blocking write takes (`wasi:io/streams`).
_STEP = 4096

#: Seconds in the unit of `wasi:clocks`.
_NANOSECONDS = 1_000_000_000

#: Header fields that are the connection's own (RFC 9110 §7.6.1); the host writes its own.
_OF_CONNECTION = frozenset(
    "connection expect host keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer "
    "transfer-encoding upgrade".split()
)

_REFUSED = (
    "the sandbox does not let this program reach {origin}. Work with the files that are here; "
    "whoever started this program can allow a host, or put more files into its directories"
)

_METHODS = {
    "GET": http.Method_Get,
    "HEAD": http.Method_Head,
    "POST": http.Method_Post,
    "PUT": http.Method_Put,
    "DELETE": http.Method_Delete,
    "CONNECT": http.Method_Connect,
    "OPTIONS": http.Method_Options,
    "TRACE": http.Method_Trace,
    "PATCH": http.Method_Patch,
}


class Answer(io.RawIOBase):
    """An answer: `status`, `headers` as pairs of bytes, and the body as what is read."""

    def __init__(self, origin, response):
        self._origin = origin
        self.status = response.status()
        with response.headers() as fields:
            entries = fields.entries()
        self.headers = [(name.encode("latin-1"), value) for name, value in entries]
        self._body = response.consume()
        self._stream = self._body.stream()
        self._response = response

    def readable(self):
        """True: it is there to be read."""
        return True

    def readinto(self, buffer):
        """Waits for bytes and takes those that are there; 0 at the end."""
        if self._stream is None or not buffer:
            return 0
        try:
            piece = self._stream.blocking_read(len(buffer))
        except Err as error:
            if isinstance(error.value, streams.StreamError_Closed):
                return 0
            raise self._failure(error.value.value) from None
        buffer[: len(piece)] = piece
        return len(piece)

    def _failure(self, error):
        code = http.http_error_code(error)
        return _exception(code, self._origin) if code else OSError(errno.EIO, error.to_debug_string())

    def close(self):
        """Gives the connection up."""
        for held in (self._stream, self._body, self._response):
            if held is not None:
                held.__exit__(None, None, None)
        self._stream = self._body = self._response = None
        super().close()


def exchange(method, scheme, authority, target, headers, body, timeout):
    """Sends a request and waits for the head of its answer.

    `headers` are pairs of bytes; `timeout` is in seconds or None, for the connection and for each
    wait for bytes. Raises OSError.
    """
    origin = f"{scheme}://{authority}"
    request = http.OutgoingRequest(_fields(headers, len(body)))
    try:
        request.set_method(_METHODS[method]() if method in _METHODS else http.Method_Other(method))
        request.set_scheme(http.Scheme_Https() if scheme == "https" else http.Scheme_Http())
        request.set_authority(authority)
        request.set_path_with_query(target)
    except Err:
        raise OSError(errno.EINVAL, f"this is no request to {origin}: {method} {target}") from None
    outgoing = request.body() if body else None
    try:
        future = outgoing_handler.handle(request, _options(timeout))
    except Err as error:
        raise _exception(error.value, origin) from None
    if outgoing is not None:
        _send(outgoing, body)
    return Answer(origin, _await(future, origin))


def _fields(headers, length):
    kept = [
        (name.decode("latin-1"), value)
        for name, value in headers
        if name.lower().decode("latin-1") not in _OF_CONNECTION | {"content-length"}
    ]
    if length or any(name.lower() == b"content-length" for name, _ in headers):
        kept.append(("content-length", b"%d" % length))
    try:
        return http.Fields.from_list(kept)
    except Err as error:
        reason = {http.HeaderError_InvalidSyntax: "no header field", http.HeaderError_Forbidden: "not allowed"}
        words = reason.get(type(error.value), "not accepted")
        raise OSError(errno.EINVAL, f"one of the header fields is {words}: {kept}") from None


def _options(timeout):
    if timeout is None:
        return None
    options = http.RequestOptions()
    nanoseconds = max(int(timeout * _NANOSECONDS), 1)
    options.set_connect_timeout(nanoseconds)
    options.set_first_byte_timeout(nanoseconds)
    options.set_between_bytes_timeout(nanoseconds)
    return options


def _send(outgoing, body):
    view = memoryview(body)
    try:
        with outgoing.write() as stream:
            for start in range(0, len(view), _STEP):
                stream.blocking_write_and_flush(bytes(view[start : start + _STEP]))
        http.OutgoingBody.finish(outgoing, None)
    except Err:
        # Nobody takes the rest; the answer, or its error, says why.
        pass


def _await(future, origin):
    with future.subscribe() as ready:
        ready.block()
    # Ready, and asked for once: both outer layers are there.
    result = future.get().value
    if isinstance(result, Err):
        raise _exception(result.value, origin)
    return result.value


def _exception(code, origin):
    match code:
        case http.ErrorCode_HttpRequestDenied():
            return PermissionError(errno.EACCES, _REFUSED.format(origin=origin))
        case http.ErrorCode_DestinationIpProhibited():
            reason = f"the name in {origin} leads to an address that is not of the public network"
            return PermissionError(errno.EACCES, reason)
        case http.ErrorCode_ConnectionRefused():
            return ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
        case http.ErrorCode_ConnectionTerminated() | http.ErrorCode_HttpResponseIncomplete():
            return ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
        case (
            http.ErrorCode_ConnectionTimeout()
            | http.ErrorCode_ConnectionReadTimeout()
            | http.ErrorCode_HttpResponseTimeout()
        ):
            return TimeoutError("timed out")
        case http.ErrorCode_DnsError():
            return socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        case http.ErrorCode_ConnectionLimitReached():
            return OSError(errno.EMFILE, "too many requests are open at one time")
        case http.ErrorCode_InternalError(words) if words:
            return OSError(errno.EIO, f"{origin}: {words}")
    name = type(code).__name__.removeprefix("ErrorCode_")
    return OSError(errno.EIO, f"{origin}: {name}")
