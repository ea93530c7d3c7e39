"""The sandbox's certificate authority and the leaves that its servers show, made anew at every start.

Keys are P-256: making one takes a fraction of a millisecond, an RSA key a quarter of a second. All names share a
few leaves, each with the list of its names (RFC 5280 section 4.2.1.6), because a wildcard of a top-level domain is
matched by no careful client. Validity is written as fixed dates, so that a certificate is expired by what it
says and not by when it was made. The CA's key is never written to disk; leaves are, because OpenSSL loads files.
"""

import datetime
import ipaddress
import ssl
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox.behaviours import Web
from sandbox.world import World

_BEGIN = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
_PAST = datetime.datetime(2021, 1, 1, tzinfo=datetime.UTC)
_END = datetime.datetime(2049, 12, 31, tzinfo=datetime.UTC)
_ELSEWHERE = "elsewhere.sandbox.test"


class Authority:
    """A certificate authority with its key in memory; without an issuer a leaf signs itself."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("Heliograph sandbox CA")
        builder = _builder(self._name, self._name, self._key, _END)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self._certificate = builder.add_extension(_usage(ca=True), critical=True).sign(
            self._key, hashes.SHA256()
        )

    def pem(self) -> bytes:
        """The authority's certificate, for clients to trust."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def leaf(self, names: Iterable[str], until: datetime.datetime = _END) -> bytes:
        """A key and a certificate for `names` (host names or addresses) that this authority signed, as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        return _leaf(key, names, until, (self._name, self._key))


def _self_signed(names: Iterable[str]) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return _leaf(key, names, _END, (_named("Heliograph sandbox"), key))


def _leaf(
    key: ec.EllipticCurvePrivateKey,
    names: Iterable[str],
    until: datetime.datetime,
    issuer: tuple[x509.Name, ec.EllipticCurvePrivateKey],
) -> bytes:
    issuer_name, issuer_key = issuer
    builder = _builder(_named("Heliograph sandbox"), issuer_name, key, until)
    builder = builder.add_extension(
        x509.SubjectAlternativeName([_general(name) for name in names]), critical=False
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(ca=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    certified_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    certificate = builder.add_extension(certified_by, critical=False).sign(issuer_key, hashes.SHA256())
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return secret + certificate.public_bytes(serialization.Encoding.PEM)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, until: datetime.datetime
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key.public_key())
    builder = (
        builder.serial_number(x509.random_serial_number()).not_valid_before(_BEGIN).not_valid_after(until)
    )
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=ca, crl_sign=ca, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class Certificates:
    """The contexts of the sandbox's TLS servers, and the file by which clients trust them.

    `directory` is made if need be; its files are replaced. The ones with keys are readable by their owner only.
    """

    def __init__(self, world: World, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        authority = Authority()
        self.ca_file = directory / "ca.pem"
        self.ca_file.write_bytes(authority.pem())
        names = [site.name for site in (*world.sites, *world.helpers)]
        self.valid = self._context("valid", authority.leaf(names))
        self.proxy = self._context("proxy", authority.leaf(["localhost", "127.0.0.1"]))
        self._faulty = {
            Web.TLS_EXPIRED: self._context("expired", authority.leaf(names, until=_PAST)),
            Web.TLS_SELF_SIGNED: self._context("self-signed", _self_signed(names)),
            Web.TLS_WRONG_NAME: self._context("wrong-name", authority.leaf([_ELSEWHERE])),
        }

    def __repr__(self) -> str:
        return f"<Certificates {self.ca_file.name}>"

    def for_web(self, behaviour: Web | None) -> ssl.SSLContext:
        """The context for a web host that behaves in this way."""
        return self.valid if behaviour is None else self._faulty.get(behaviour, self.valid)

    def _context(self, name: str, pem: bytes) -> ssl.SSLContext:
        path = self._directory / f"{name}.pem"
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context
