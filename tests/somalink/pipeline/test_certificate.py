"""A certificate of one's own house: trusted once, good for the names of today and for nothing else, readable by its owner alone."""

import os
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from somalink.domain.errors import StoreError
from somalink.pipeline import certificate
from somalink.pipeline.certificate import LEAF_DAYS, Made, certificate_for

NAMES = ["localhost", "127.0.0.1", "192.168.1.5", "kitchen.local"]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return certificate_for(tmp_path / "tls", NAMES)


def read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def is_good_for(made: Made, name: str) -> bool:
    """As a browser looks at it, trusting the authority alone."""
    subject = certificate._alternative(name)
    verifier = PolicyBuilder().store(Store([read(made.authority)])).build_server_verifier(subject)  # type: ignore[arg-type]
    try:
        verifier.verify(read(made.certificate), [])
    except VerificationError:
        return False
    return True


@pytest.mark.parametrize("name", NAMES)
def test_a_browser_that_trusts_the_authority_finds_each_name_good(made, name):
    assert is_good_for(made, name)


@pytest.mark.parametrize("name", ["example.com", "192.168.1.6", "kitchen", "other.local", "::1"])
def test_no_other_name_is_good(made, name):
    assert not is_good_for(made, name)


def test_who_does_not_trust_the_authority_finds_nothing_good(made, tmp_path):
    other = certificate_for(tmp_path / "others", NAMES)
    assert not is_good_for(Made(other.authority, made.certificate, made.key, fresh=False), "localhost")


def test_the_strictest_look_finds_no_fault_in_its_form(made):
    """What OpenSSL asks for when it is strict, as Python 3.13 has it by default."""
    leaf, authority = read(made.certificate), read(made.authority)
    known = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    assert known == authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0, "it signs pages, and no other authorities"
    assert leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    assert list(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days <= LEAF_DAYS + 1 <= 398


def test_what_is_made_is_made_once(made, tmp_path):
    before = [path.read_bytes() for path in (made.authority, made.certificate, made.key)]
    again = certificate_for(tmp_path / "tls", NAMES[::-1])
    assert made.fresh and not again.fresh
    assert [path.read_bytes() for path in (again.authority, again.certificate, again.key)] == before


def test_where_the_names_are_others_the_leaf_is_renewed_and_what_is_trusted_stays(made, tmp_path):
    before, trusted = read(made.certificate), read(made.authority)
    moved = certificate_for(tmp_path / "tls", ["localhost", "10.0.0.7"])
    assert not moved.fresh and read(moved.authority) == trusted and read(moved.certificate) != before
    assert is_good_for(moved, "10.0.0.7") and not is_good_for(moved, "192.168.1.5")


def test_a_leaf_that_ends_soon_is_renewed(tmp_path, monkeypatch):
    monkeypatch.setattr(certificate, "LEAF_DAYS", 20)
    old = read(certificate_for(tmp_path, NAMES).certificate)
    monkeypatch.undo()
    new = read(certificate_for(tmp_path, NAMES).certificate)
    assert new != old and new.not_valid_after_utc > datetime.now(UTC) + timedelta(days=300)


@pytest.mark.parametrize("harm", ["key lost", "key of another", "leaf cut off", "leaf lost"])
def test_half_a_pair_is_made_whole(made, tmp_path, harm):
    if harm == "key of another":
        made.key.write_bytes(certificate_for(tmp_path / "others", NAMES).key.read_bytes())
    elif harm == "leaf cut off":
        made.certificate.write_bytes(made.certificate.read_bytes()[:100])
    else:
        (made.key if harm == "key lost" else made.certificate).unlink()
    again = certificate_for(tmp_path / "tls", NAMES)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(again.certificate, again.key)
    assert is_good_for(again, "localhost")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_keys_are_their_owners_alone(tmp_path):
    (tmp_path / "tls").mkdir()
    (tmp_path / "tls" / "page-key.pem").write_text("open to all")
    (tmp_path / "tls" / "page-key.pem").chmod(0o644)
    certificate_for(tmp_path / "tls", NAMES)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "tls").iterdir()} == {0o600}
    certificate_for(tmp_path / "new", NAMES)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "tls").write_text("a file")
    with pytest.raises(StoreError, match="no certificate can be made"):
        certificate_for(tmp_path / "tls", NAMES)
