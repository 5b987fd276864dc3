"""TLS as the host does it.

A socket that is wrapped here only notes that its requests go by https: the host makes the connection,
encrypts it, and checks the certificate against the host's own authorities, always. So contexts hold
their settings and change nothing: a program can neither turn the check off nor bring certificates
and keys of its own, and there is nothing to be told about a connection. There is no server's side.
"""

import enum
import warnings

# Packages refuse a library that does not call itself so.
OPENSSL_VERSION = "OpenSSL 3.0.0 (the TLS of the sandbox's host)"
OPENSSL_VERSION_INFO = (3, 0, 0, 0, 0)
OPENSSL_VERSION_NUMBER = 0x30000000
HAS_SNI = HAS_ALPN = HAS_TLSv1_2 = HAS_TLSv1_3 = True
HAS_NEVER_CHECK_COMMON_NAME = True
HAS_SSLv2 = HAS_SSLv3 = HAS_TLSv1 = HAS_TLSv1_1 = HAS_NPN = HAS_ECDH = False
CHANNEL_BINDING_TYPES = []
PEM_HEADER, PEM_FOOTER = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


class TLSVersion(enum.IntEnum):
    """Versions of the protocol; the host chooses."""

    MINIMUM_SUPPORTED = -2
    SSLv3 = 768
    TLSv1 = 769
    TLSv1_1 = 770
    TLSv1_2 = 771
    TLSv1_3 = 772
    MAXIMUM_SUPPORTED = -1


class VerifyMode(enum.IntEnum):
    """How certificates are checked; here always as CERT_REQUIRED."""

    CERT_NONE = 0
    CERT_OPTIONAL = 1
    CERT_REQUIRED = 2


class VerifyFlags(enum.IntFlag):
    """Details of the check, without effect."""

    VERIFY_DEFAULT = 0
    VERIFY_CRL_CHECK_LEAF = 4
    VERIFY_CRL_CHECK_CHAIN = 12
    VERIFY_X509_STRICT = 32
    VERIFY_X509_TRUSTED_FIRST = 32768
    VERIFY_X509_PARTIAL_CHAIN = 524288


class Options(enum.IntFlag):
    """Details of the protocol, without effect."""

    OP_ALL = 0x80000050
    OP_NO_TICKET = 0x4000
    OP_NO_COMPRESSION = 0x20000
    OP_NO_SSLv2 = 0
    OP_NO_SSLv3 = 0x2000000
    OP_NO_TLSv1 = 0x4000000
    OP_NO_TLSv1_2 = 0x8000000
    OP_NO_TLSv1_1 = 0x10000000
    OP_NO_TLSv1_3 = 0x20000000
    OP_NO_RENEGOTIATION = 0x40000000
    OP_IGNORE_UNEXPECTED_EOF = 0x80


class _SSLMethod(enum.IntEnum):
    PROTOCOL_TLS = 2
    PROTOCOL_SSLv23 = 2
    PROTOCOL_TLSv1 = 3
    PROTOCOL_TLSv1_1 = 4
    PROTOCOL_TLSv1_2 = 5
    PROTOCOL_TLS_CLIENT = 16
    PROTOCOL_TLS_SERVER = 17


for _constants in (VerifyMode, VerifyFlags, Options, _SSLMethod):
    globals().update(_constants.__members__)


class Purpose(enum.Enum):
    """Whom a certificate proves something to."""

    SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
    CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"


class SSLError(OSError):
    """TLS failed, or is asked for something that it does not do here."""

    reason = library = None


class SSLZeroReturnError(SSLError):
    """The other side closed the connection."""


class SSLWantReadError(SSLError):
    """More must be read first."""


class SSLWantWriteError(SSLError):
    """More must be written first."""


class SSLSyscallError(SSLError):
    """The system refused something."""


class SSLEOFError(SSLError):
    """The connection was cut."""


class SSLCertVerificationError(SSLError, ValueError):
    """The certificate is not accepted."""

    verify_code, verify_message = 0, ""


CertificateError = SSLCertVerificationError
socket_error = OSError


class SSLSocket:
    """The type that wrapped sockets have elsewhere; here they keep their own."""


class SSLObject:
    """TLS without a socket: not here."""

    def __init__(self, *_, **__):
        raise SSLError("the sandbox has TLS for HTTP requests only")


class MemoryBIO(SSLObject):
    """TLS without a socket: not here."""


class SSLSession:
    """A session to be resumed: the host's."""


class SSLContext:
    """Settings, all without effect."""

    sslsocket_class, sslobject_class = SSLSocket, SSLObject

    def __init__(self, protocol=None):
        self.protocol = PROTOCOL_TLS if protocol is None else protocol
        self.check_hostname = self.protocol == PROTOCOL_TLS_CLIENT
        self.verify_mode = CERT_REQUIRED if self.check_hostname else CERT_NONE
        self.verify_flags = VERIFY_X509_TRUSTED_FIRST
        self.options = OP_ALL | OP_NO_SSLv3
        self.minimum_version = TLSVersion.TLSv1_2
        self.maximum_version = TLSVersion.MAXIMUM_SUPPORTED
        self.post_handshake_auth = False
        self.keylog_filename = None
        self.hostname_checks_common_name = False
        self.sni_callback = None

    def wrap_socket(
        self,
        sock,
        server_side=False,
        do_handshake_on_connect=True,
        suppress_ragged_eofs=True,
        server_hostname=None,
        session=None,
    ):
        """The same socket, whose requests now go by https."""
        if server_side:
            raise SSLError("the sandbox has no server's side of TLS")
        if server_hostname is not None and server_hostname.rstrip(".").lower() != sock.getpeername()[0].rstrip(".").lower():
            raise SSLError("the certificate is always checked for the host that the socket is connected to")
        sock.scheme = "https"
        sock.getpeercert = lambda binary_form=False: b"" if binary_form else {}
        sock.version = lambda: "TLSv1.3"
        sock.cipher = lambda: None
        sock.selected_alpn_protocol = lambda: None
        sock.do_handshake = lambda block=False: None
        sock.unwrap = lambda: sock
        sock.context = self
        return sock

    def wrap_bio(self, *_, **__):
        """Refused: TLS without a socket."""
        return SSLObject()

    def load_cert_chain(self, certfile, keyfile=None, password=None):
        """Refused: a program cannot show a certificate of its own."""
        raise SSLError("the sandbox's TLS cannot show a certificate of the program's")

    def _without_effect(self, *_, **__):
        """Does nothing: the host has its own authorities, protocols and ciphers."""

    load_verify_locations = load_default_certs = set_default_verify_paths = _without_effect
    set_ciphers = set_alpn_protocols = set_npn_protocols = load_dh_params = set_ecdh_curve = _without_effect
    set_servername_callback = _without_effect

    def get_ca_certs(self, binary_form=False):
        """None that the program could see."""
        return []

    def cert_store_stats(self):
        """None that the program could see."""
        return {"x509": 0, "crl": 0, "x509_ca": 0}

    def get_ciphers(self):
        """None that the program could see."""
        return []


def create_default_context(purpose=Purpose.SERVER_AUTH, *, cafile=None, capath=None, cadata=None):
    """A context for a client."""
    if purpose is not Purpose.SERVER_AUTH:
        raise SSLError("the sandbox has no server's side of TLS")
    return SSLContext(PROTOCOL_TLS_CLIENT)


def _create_unverified_context(*_, **__):
    warnings.warn("the sandbox checks certificates always", RuntimeWarning, stacklevel=2)
    return SSLContext(PROTOCOL_TLS_CLIENT)


def _create_stdlib_context(*_, **__):
    return SSLContext(PROTOCOL_TLS_CLIENT)


_create_default_https_context = create_default_context


def RAND_bytes(count):
    """Random bytes."""
    import os

    return os.urandom(count)


def RAND_status():
    """True: there are always random bytes."""
    return True


def get_default_verify_paths():
    """Refused: the authorities are the host's."""
    raise SSLError("the authorities are those of the sandbox's host, and not told")


def get_server_certificate(*_, **__):
    """Refused: connections are the host's."""
    raise SSLError("the certificates of a server are not told in the sandbox")
