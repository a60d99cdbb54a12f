"""A secret of each kind, drawn by lot when a test runs: none of them was ever given out, and none lies in a file."""

import base64
import json
import random
import string
from collections.abc import Iterator
from typing import NamedTuple

from envscout.inventory.embedded.checks import checksum

_LETTERS = string.ascii_letters + string.digits
_OPENSSH = b"openssh-key-v1\0"


class Sample(NamedTuple):
    """A file that holds one secret. kind, certainty: what it has to be told as; secret: what must never be shown."""

    kind: str
    certainty: str
    path: str
    data: bytes
    secret: bytes


def drawn(size: int, letters: str = _LETTERS, seed: object = 1) -> bytes:
    """Return random characters, always the same ones."""
    chance = random.Random(f"{size}{letters}{seed}")
    return "".join(chance.choice(letters) for _ in range(size)).encode()


def summed(prefix: bytes, seed: object = 1) -> bytes:
    """Return a token that ends in its checksum."""
    body = drawn(30, seed=seed)
    return prefix + body + checksum(body)


def der(size: int = 600, seed: object = 1) -> bytes:
    """Return one ASN.1 SEQUENCE of random bytes."""
    return b"\x30\x82" + size.to_bytes(2, "big") + random.Random(f"{size}{seed}").randbytes(size)


def pem(label: str, data: bytes, headers: bytes = b"") -> bytes:
    """Return bytes in their textual encoding."""
    text = base64.encodebytes(data)
    return b"-----BEGIN " + label.encode() + b"-----\n" + headers + text + b"-----END " + label.encode() + b"-----\n"


def openssh(cipher: bytes, seed: object = 1) -> bytes:
    """Return a key as OpenSSH keeps it, as far as its cipher."""
    rest = random.Random(str(seed)).randbytes(300)
    return pem("OPENSSH PRIVATE KEY", _OPENSSH + len(cipher).to_bytes(4, "big") + cipher + rest)


def pgp(seed: object = 1) -> bytes:
    """Return a PGP secret key packet in armor."""
    packet = b"\x95\x01\x58" + random.Random(str(seed)).randbytes(344)
    return pem("PGP PRIVATE KEY BLOCK", packet, b"Version: X\n\n").replace(b"\n-----END", b"\n=abcd\n-----END")


_SECRET = drawn(38) + b"aZ"
_TWILIO = drawn(32, "0123456789abcdef", 2)
_LEGACY = b"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123456789ABCDEF0123456789ABCDEF\n\n"


def _tokens() -> Iterator[tuple[str, str, bytes]]:
    """Yield kind, certainty and the token, which may lie anywhere."""
    for name in "pousr":
        yield "github-token", "checked", summed(f"gh{name}_".encode(), name)
    yield "github-fine-grained-token", "likely", b"github_pat_" + drawn(22) + b"_" + drawn(59)
    yield "gitlab-token", "likely", b"glpat-" + drawn(20)
    yield (
        "slack-token",
        "likely",
        b"xoxb-" + drawn(12, string.digits) + b"-" + drawn(12, string.digits, 2) + b"-" + drawn(24),
    )
    yield (
        "slack-app-token",
        "likely",
        b"xapp-1-A" + drawn(10, "ABCDEFGH") + b"-" + drawn(13, string.digits) + b"-" + drawn(64, "0123456789abcdef"),
    )
    yield "google-api-key", "likely", b"AIza" + drawn(35)
    yield "stripe-live-key", "likely", b"sk_live_" + drawn(24)
    yield "npm-token", "checked", summed(b"npm_")
    yield "pypi-token", "checked", b"pypi-AgEIcHlwaS5vcmc" + drawn(120)
    yield "docker-hub-token", "likely", b"dckr_pat_" + drawn(27)
    yield "sendgrid-key", "likely", b"SG." + drawn(22) + b"." + drawn(43)
    yield "hugging-face-token", "likely", b"hf_" + drawn(34)
    yield "anthropic-key", "likely", b"sk-ant-api03-" + drawn(93) + b"AA"
    yield "openai-key", "likely", b"sk-proj-" + drawn(40) + b"T3BlbkFJ" + drawn(40, seed=2)


def _keys() -> Iterator[tuple[str, bytes]]:
    """Yield kind and key, which may lie anywhere."""
    for kind in ("RSA", "EC", "DSA"):
        yield f"{kind.lower()}-private-key", pem(f"{kind} PRIVATE KEY", der())
        yield f"{kind.lower()}-private-key-encrypted", pem(f"{kind} PRIVATE KEY", der()[5:], _LEGACY)
    yield "pkcs8-private-key", pem("PRIVATE KEY", der())
    yield "pkcs8-private-key-encrypted", pem("ENCRYPTED PRIVATE KEY", der())
    yield "openssh-private-key", openssh(b"none")
    yield "openssh-private-key-encrypted", openssh(b"aes256-ctr")
    yield "pgp-private-key", pgp()


def anywhere() -> Iterator[Sample]:
    """Yield what is found in programs as well as in texts."""
    for kind, certainty, token in _tokens():
        yield Sample(kind, certainty, "app/settings.py", b"# nothing\n\ntoken = '" + token + b"'\n", token)
    for kind, key in _keys():
        body = key.split(b"\n")[-5]
        yield Sample(kind, "checked", "root/key.pem", b"# a key\n\n" + key, body)
    account = b"AKIA" + drawn(16, string.ascii_uppercase)
    aws = b"aws_access_key_id = " + account + b"\naws_secret_access_key = " + _SECRET + b"\n"
    yield Sample("aws-access-key", "likely", "root/.aws/credentials", b"[default]\n\n" + aws, account)
    key = base64.b64encode(random.Random(5).randbytes(64))
    azure = b"\n\nDefaultEndpointsProtocol=https;AccountName=a;AccountKey=" + key + b";"
    yield Sample("azure-storage-key", "likely", "app/a.config", azure, key)
    hook = b"T" + drawn(9, "ABCDEF123") + b"/B" + drawn(9, "ABCDEF123", 2) + b"/" + drawn(24)
    yield Sample("slack-webhook", "likely", "app/a.sh", b"\n\ncurl https://hooks.slack.com/services/" + hook, hook)
    service = {"type": "service_account", "private_key": pem("PRIVATE KEY", der()).decode(), "client_email": "a@b"}
    told = b"\n\n" + json.dumps(service).encode()
    yield Sample("google-service-account", "checked", "app/key.json", told, pem("PRIVATE KEY", der()).split(b"\n")[-5])


def in_texts() -> Iterator[Sample]:
    """Yield what is found in texts alone, some of it in files of certain names."""
    account = b"AC" + drawn(32, "0123456789abcdef")
    yield Sample("twilio-token", "likely", "app/sms.ini", b"\n\nTWILIO=" + account + b"\ntoken=" + _TWILIO, account)
    bot = b"AA" + drawn(33)
    yield Sample("telegram-token", "likely", "app/bot.ini", b"\n\nbot = 123456789:" + bot, bot)
    word = drawn(12, seed=7)
    at = b"\n\npostgres://app:" + word + b"@db.example.org/app\n"
    yield Sample("password-in-url", "likely", "app/settings.ini", at, word)
    yield Sample(
        "password-in-url", "likely", "root/.git-credentials", b"\n\nhttps://me:" + word + b"@git.example.org", word
    )
    yield Sample("npmrc-token", "likely", "root/.npmrc", b"\n\n//npm.example.org/:_authToken=" + word, word)
    auth = base64.b64encode(b"me:" + word)
    login = b'{"auths":\n{\n"a.example.org": {"auth": "' + auth + b'"}}}'
    yield Sample("docker-login", "checked", "root/.docker/config.json", login, auth)
    yield Sample("netrc-password", "likely", "root/.netrc", b"machine a\nlogin me\npassword " + word, word)
    yield Sample("pgpass-password", "likely", "root/.pgpass", b"# a\n#\ndb:5432:*:app:" + word + b"\n", word)
    key = base64.b64encode(pem("EC PRIVATE KEY", der(120)))
    yield Sample("kubeconfig-key", "checked", "root/.kube/config", b"users:\n-\n  client-key-data: " + key, key)
    digest = b"$6$" + drawn(8) + b"$" + drawn(86)
    yield Sample(
        "shadow-hash", "likely", "etc/shadow", b"bin:*:1::::::\na:!:1::::::\nroot:" + digest + b":1::::::\n", digest
    )
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")
    token = head + b"." + base64.urlsafe_b64encode(b'{"sub":"me","iat":1}').rstrip(b"=") + b"." + drawn(43)
    yield Sample("json-web-token", "likely", "app/.env", b"\n\nA=" + token, token)
    yield Sample("named-secret", "likely", "app/.env.production", b"\n\nDB_PASSWORD=" + word, word)


def samples() -> list[Sample]:
    """Return all of them."""
    return [*anywhere(), *in_texts()]
