"""Every certificate is right, or wrong in exactly the way that it should be, as OpenSSL judges."""

import asyncio
import ssl
from pathlib import Path

import pytest

from sandbox.behaviours import Web
from sandbox.certificates import Certificates
from sandbox.client_hello import server_name
from sandbox.sandbox import Sandbox
from sandbox.world import WORLD

EXPIRED, SELF_SIGNED, WRONG_NAME = 10, 18, 62  # X509_V_ERR_… of OpenSSL's x509_vfy.h


async def handshake(box: Sandbox, context: ssl.SSLContext, name: str, port: int | None = None) -> None:
    _, writer = await asyncio.open_connection(
        "127.0.0.1", port or box.https_port, ssl=context, server_hostname=name
    )
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("name", ["aabeacon.test", "ttbeacon.test", "hub.sandbox.test", "ip.sandbox.test"])
async def test_valid_hosts_are_verified(box: Sandbox, trusting: ssl.SSLContext, name: str) -> None:
    trusting.verify_flags |= ssl.VERIFY_X509_STRICT
    await handshake(box, trusting, name)


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [(Web.TLS_EXPIRED, EXPIRED), (Web.TLS_SELF_SIGNED, SELF_SIGNED), (Web.TLS_WRONG_NAME, WRONG_NAME)],
)
async def test_faulty_hosts_fail_for_their_own_reason(
    box: Sandbox, trusting: ssl.SSLContext, behaviour: Web, code: int
) -> None:
    for site in WORLD.having(behaviour):
        with pytest.raises(ssl.SSLCertVerificationError) as failure:
            await handshake(box, trusting, site.name)
        assert failure.value.verify_code == code


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
async def test_the_https_proxy_is_verified_by_name_and_by_address(
    box: Sandbox, trusting: ssl.SSLContext, name: str
) -> None:
    await handshake(box, trusting, name, box.proxy("https").port)


async def test_nobody_trusts_the_world_without_its_authority(box: Sandbox) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        await handshake(box, ssl.create_default_context(), "aabeacon.test")


def test_keys_are_for_their_owner_only_and_the_authoritys_is_not_written(tmp_path: Path) -> None:
    directory = tmp_path / "made"
    authority = Certificates(WORLD, directory).ca_file
    Certificates(WORLD, directory)
    keys = {path.name for path in directory.iterdir() if b"PRIVATE KEY" in path.read_bytes()}
    assert keys == {"valid.pem", "proxy.pem", "expired.pem", "self-signed.pem", "wrong-name.pem"}
    assert {(directory / key).stat().st_mode & 0o777 for key in keys} == {0o600}
    assert authority.name == "ca.pem"


def client_hello(name: str | None) -> bytes:
    outgoing = ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    client = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


def test_the_server_name_is_read_from_a_client_hello() -> None:
    assert server_name(client_hello("aabeacon.test")) == "aabeacon.test"
    assert server_name(client_hello(None)) is None


def test_what_is_no_client_hello_has_no_name() -> None:
    hello = client_hello("aabeacon.test")
    assert [server_name(hello[:size]) for size in (0, 5, 43, 60, 80)] == [None] * 5
    assert server_name(b"GET / HTTP/1.1\r\n\r\n") is None
