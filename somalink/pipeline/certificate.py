"""A certificate for the page in one's own house: an authority that is made once and trusted once, and a leaf for the names of today.

Browsers give a phone its screen lock, notices and offline pages over TLS alone, and no public authority signs for an address at home.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from somalink.domain.errors import StoreError
from somalink.storage.files import PRIVATE

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

AUTHORITY_DAYS = 3650
LEAF_DAYS = 397
"""Browsers refuse leaves that are good for longer."""
RENEW_DAYS = 30


@dataclass(frozen=True, slots=True)
class Made:
    """Where things are. `fresh`: the authority was made just now, and nobody trusts it yet."""

    authority: Path
    certificate: Path
    key: Path
    fresh: bool


def certificate_for(folder: Path, names: Sequence[str]) -> Made:
    """A leaf for exactly these names and addresses, signed by the authority in `folder`, which is made where there is none."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = Made(folder / "authority.pem", folder / "page.pem", folder / "page-key.pem", not (folder / "authority.pem").exists())
        if made.fresh:
            _make_authority(made.authority, folder / "authority-key.pem")
        if made.fresh or not _good(made, names):
            _make_leaf(made, folder / "authority-key.pem", names)
    except OSError as error:
        raise StoreError(f"{folder}: no certificate can be made ({error.strerror})", next_step="check who owns the folder, or leave --https out") from error
    return made


def _make_authority(place: Path, key_place: Path) -> None:
    from cryptography import x509

    key = _new_key(key_place)
    name = _name("somalink at home")
    built = _builder(name, name, key, AUTHORITY_DAYS).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    built = built.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
        key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    _write(place, _signed(built.add_extension(usage, critical=True), key))


def _make_leaf(made: Made, authority_key: Path, names: Sequence[str]) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509.oid import ExtendedKeyUsageOID

    authority = x509.load_pem_x509_certificate(made.authority.read_bytes())
    signer = load_pem_private_key(authority_key.read_bytes(), None)
    key = _new_key(made.key)
    built = (
        _builder(_name("somalink"), authority.subject, key, LEAF_DAYS)
        .add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)  # type: ignore[arg-type]
    )
    _write(made.certificate, _signed(built, signer))  # type: ignore[arg-type]


def _good(made: Made, names: Sequence[str]) -> bool:
    """Whether the leaf that is there is for these names, of its key, and for a while yet."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        leaf = x509.load_pem_x509_certificate(made.certificate.read_bytes())
        key = load_pem_private_key(made.key.read_bytes(), None)
    except (FileNotFoundError, ValueError):  # never made, or only half of it
        return False
    known = set(leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    lasts = leaf.not_valid_after_utc > datetime.now(UTC) + timedelta(days=RENEW_DAYS)
    return lasts and known == {_alternative(name) for name in names} and leaf.public_key() == key.public_key()


def _builder(subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, days: int) -> x509.CertificateBuilder:
    from cryptography import x509

    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
    )


def _signed(built: x509.CertificateBuilder, key: EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives import hashes, serialization

    return built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _new_key(place: Path) -> EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    _write(place, key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return key


def _write(place: Path, content: bytes) -> None:
    place.unlink(missing_ok=True)  # one that others could read would stay readable
    with os.fdopen(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE), "wb") as file:
        file.write(content)


def _name(common: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _alternative(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
