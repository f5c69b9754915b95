"""How the certificate of a server is verified: as kubectl and curl do it with the same authorities."""

from __future__ import annotations

import ssl

# By the numbers of OpenSSL (x509_vfy.h): the words change from version to version.
_UNKNOWN_AUTHORITY = "no authority that we know signed it, or the server does not send the certificates in between"
_OTHER_NAME = "it was made for other names"
_REASONS = {
    2: _UNKNOWN_AUTHORITY,
    9: "it is not valid yet; is our clock right?",
    10: "it has expired, or that of its authority has",
    18: "it is signed by itself, and is not among the certificates that we trust",
    19: _UNKNOWN_AUTHORITY,
    20: _UNKNOWN_AUTHORITY,
    21: _UNKNOWN_AUTHORITY,
    26: "it was not made for a server",
    62: _OTHER_NAME,
    64: _OTHER_NAME,
    79: "it is signed by a certificate that may not sign others",
}


def make_context(*, ca: str = "", ca_file: str = "") -> ssl.SSLContext:
    """For one server or several. ``ca`` is PEM, ``ca_file`` a file of it; without either, the system's authorities
    count (OpenSSL lets SSL_CERT_FILE and SSL_CERT_DIR replace them).

    Laxer than ``ssl.create_default_context()`` and urllib3 are on Python 3.13, which refuse what does not follow RFC
    5280 to the letter (VERIFY_X509_STRICT): authorities without key usage or key identifiers, of which clusters and
    home networks are full. What kubectl and curl check is checked as before 3.13: signatures, dates, names, who may
    sign, what for and for whom.

    Each certificate that is given is trusted by itself, though another one signed it (VERIFY_X509_PARTIAL_CHAIN), as in
    kubectl, curl and Python 3.13. That is safe: a person or the system chose it, and what the server sends still has to
    lead to it. A common name is no host name, as in kubectl.

    Raises ``ValueError`` when there is no certificate in what is given, ``OSError`` for a file that cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # noqa: TID251 - the one place
    context.verify_flags = ssl.VERIFY_X509_TRUSTED_FIRST | ssl.VERIFY_X509_PARTIAL_CHAIN
    context.hostname_checks_common_name = False
    try:
        if ca:
            # The ssl module takes nothing but ASCII; what people write around a certificate may be anything.
            context.load_verify_locations(cadata=ca.encode("ascii", "replace").decode("ascii"))
        elif ca_file:
            context.load_verify_locations(cafile=ca_file)
        else:
            context.load_default_certs()
    except ssl.SSLError as error:
        raise ValueError("no certificate can be read from it") from error
    return context


def make_blind_context() -> ssl.SSLContext:
    """Verifies nothing: for a server whose certificate is compared with a fingerprint, looked at, or not looked at."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # noqa: TID251 - the one place
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def explain_distrust(error: ssl.SSLCertVerificationError) -> str:
    """Why a certificate was refused, in a sentence and in the words of OpenSSL, which name the host."""
    words = error.verify_message.rstrip(".")
    reason = _REASONS.get(error.verify_code)
    return f"{reason} ({words})" if reason else words
