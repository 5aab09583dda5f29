#!/usr/bin/env python3
"""Writes the vectors beside this file: every byte of the handshakes `tutorial`, `python` and
`mutual` for fixed nonces, made with nothing but the standard library's hmac and hashlib.

Run it without arguments after changing a case; `--check` only compares.
"""

import hashlib
import hmac
import json
import pathlib
import sys

LABEL = b"NETAUTH1"
HEADER = LABEL + (1).to_bytes(2, "big") + bytes(6)


def hmac_sha256(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def hkdf_expand(prk, info, length):
    block, out = b"", b""
    while len(out) < length:
        block = hmac_sha256(prk, block + info + bytes([len(out) // 32 + 1]))
        out += block
    return out[:length]


def sized(part):
    return len(part).to_bytes(4, "big") + part


def signed(*parts):
    return b"".join(sized(part) for part in parts)


def mutual(name, key, server_nonce, client_nonce, service="", server_name="", channel_binding=b""):
    prk = hmac_sha256(LABEL, key)
    key_id = hkdf_expand(prk, b"key id", 16)
    client_key = hkdf_expand(prk, b"client proof" + key_id, 32)
    server_key = hkdf_expand(prk, b"server proof" + key_id, 32)
    context = (service.encode(), server_name.encode(), channel_binding)

    challenge = HEADER + server_nonce
    unsigned = HEADER + key_id + client_nonce
    response = unsigned + hmac_sha256(client_key, signed(challenge, unsigned, *context))
    accept = HEADER + hmac_sha256(server_key, signed(challenge, response, *context))
    return {
        "name": name,
        "key": key.hex(),
        "service": service,
        "server_name": server_name,
        "channel_binding": channel_binding.hex(),
        "server_nonce": server_nonce.hex(),
        "client_nonce": client_nonce.hex(),
        "key_id": key_id.hex(),
        "client_proof_key": client_key.hex(),
        "server_proof_key": server_key.hex(),
        "challenge": sized(challenge).hex(),
        "response": sized(response).hex(),
        "accept": sized(accept).hex(),
    }


def tutorial(name, key, challenge):
    answer = hmac.new(key, challenge, hashlib.md5).hexdigest().encode()
    return {"name": name, "key": key.hex(), "challenge": challenge.hex(), "answer": answer.hex()}


def python_answer(key, challenge, digest):
    name = b"{" + digest.encode() + b"}"
    return name + hmac.new(key, challenge, digest).digest()


def python(name, key, server_nonce, client_random, digest="sha256"):
    prefix = b"{" + digest.encode() + b"}"
    # The last 16 bytes of a client's nonce are how clients know their own challenges.
    prk = hmac_sha256(b"switchboard python", key)
    client_nonce = client_random + hkdf_expand(prk, b"client's challenge" + client_random, 16)
    messages = [
        b"#CHALLENGE#" + prefix + server_nonce,
        python_answer(key, prefix + server_nonce, digest),
        b"#WELCOME#",
        b"#CHALLENGE#" + prefix + client_nonce,
        python_answer(key, prefix + client_nonce, digest),
        b"#WELCOME#",
    ]
    return {
        "name": name,
        "key": key.hex(),
        "digests": digest,
        "server_nonce": server_nonce.hex(),
        "client_random": client_random.hex(),
        "messages": [sized(message).hex() for message in messages],
    }


def upwards(first, length=32):
    return bytes((first + i) % 256 for i in range(length))


MUTUAL = [
    mutual("all empty", upwards(0), upwards(0x20), upwards(0x40)),
    mutual("a service", upwards(0), upwards(0x20), upwards(0x40), "chat"),
    mutual("a server name", upwards(0), upwards(0x20), upwards(0x40), "", "chat"),
    mutual("service and server name", upwards(0), upwards(0x20), upwards(0x40), "upload", "srv-7.example"),
    mutual("the same bytes, cut elsewhere", upwards(0), upwards(0x20), upwards(0x40), "uploads", "rv-7.example"),
    mutual("a channel binding", upwards(0), upwards(0x20), upwards(0x40), "echo", "", upwards(0xA0)),
    mutual("a long channel binding", upwards(0), upwards(0x20), upwards(0x40), "echo", "a", upwards(1, 300)),
    mutual("beyond ASCII", upwards(0x80), upwards(0xE0), upwards(0x03), "Grüße", "サーバ", b"\0"),
    mutual("zeros", bytes(32), bytes(32), bytes(32), "talk"),
    mutual("ones", b"\xff" * 32, b"\xff" * 32, b"\xff" * 32, "hello", "localhost"),
    mutual("equal nonces", upwards(9), upwards(0x55), upwards(0x55), "hello"),
]

TUTORIAL = [
    tutorial("the usual", b"secret key", upwards(0)),
    tutorial("a short key", b"k", upwards(0x80)),
    tutorial("a key of one block", upwards(0, 64), upwards(0x11)),
    tutorial("a key of more than one block", b"\xaa" * 131, upwards(0x22)),
    tutorial("zeros", bytes(32), bytes(32)),
    tutorial("ones", b"\xff" * 20, b"\xff" * 32),
]

PYTHON = [
    python("the usual", b"secret key", upwards(0, 40), upwards(0x40, 24)),
    python("a short key", b"k", upwards(0x80, 40), upwards(0xA0, 24)),
    python("a key of more than one block", b"\xaa" * 131, upwards(1, 40), upwards(2, 24)),
    python("sha384", b"secret key", upwards(0, 40), upwards(0x40, 24), "sha384"),
    python("sha3_256", b"secret key", upwards(0, 40), upwards(0x40, 24), "sha3_256"),
    python("sha3_384", b"secret key", upwards(0, 40), upwards(0x40, 24), "sha3_384"),
    python("md5", b"secret key", upwards(0, 40), upwards(0x40, 24), "md5"),
]


def main():
    folder = pathlib.Path(__file__).parent
    stale = []
    files = (("mutual.json", MUTUAL), ("python.json", PYTHON), ("tutorial.json", TUTORIAL))
    for file, cases in files:
        text = json.dumps(cases, indent=2, ensure_ascii=False) + "\n"
        path = folder / file
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif path.read_text(encoding="utf-8") != text:
            stale.append(file)
    if stale:
        sys.exit("out of date: " + ", ".join(stale))


if __name__ == "__main__":
    main()
