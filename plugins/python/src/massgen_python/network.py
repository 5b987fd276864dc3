"""Says that there is no network, where a program would meet a number of an error without a reason.

The host refuses every socket; nothing here is what keeps a program from the network.
"""

import errno
import http.client
import socket
import urllib.request

_REASON = (
    "the sandbox has no network. Work with the files that are here; whoever started this program "
    "can put more of them into its directories"
)


class HTTPSConnection(http.client.HTTPConnection):
    """A connection that gets as far as one without TLS: to the refusal."""

    default_port = http.client.HTTPS_PORT


class HTTPSHandler(urllib.request.AbstractHTTPHandler):
    """Opens `https:` addresses, so that they end in the refusal and not in an unknown scheme."""

    https_request = urllib.request.AbstractHTTPHandler.do_request_

    def https_open(self, request):
        """Tries to open `request`."""
        return self.do_open(HTTPSConnection, request)


def install():
    """Makes sockets and look-ups of names give the reason."""
    socket.socket.__init__ = _refuse_socket
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr"):
        setattr(socket, name, _refuse_name)
    http.client.HTTPSConnection = HTTPSConnection
    urllib.request.HTTPSHandler = HTTPSHandler


def _refuse_socket(*_, **__):
    raise PermissionError(errno.EACCES, _REASON)


def _refuse_name(*_, **__):
    raise socket.gaierror(socket.EAI_FAIL, _REASON)
