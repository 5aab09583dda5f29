#!/usr/bin/env python3
"""Writes noise.json beside this file: every byte of the handshake `noise` and of some records after
it, for fixed secrets. X25519 (RFC 7748), ChaCha20-Poly1305 (RFC 8439) and the Noise protocol are
written out here on top of hashlib and hmac, so that the vectors owe nothing to the crates in use.

Slow and not constant in time: good for vectors, and for nothing else. `--check` only compares.
"""

import hashlib
import hmac
import json
import pathlib
import struct
import sys

LABEL = b"NETNOIS1"
STREAM = b"\x01"
PATTERN = b"Noise_NNpsk0_25519_ChaChaPoly_SHA256"


def hmac_sha256(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def sha256(message):
    return hashlib.sha256(message).digest()


def x25519(scalar, u):
    p = 2**255 - 19
    k = int.from_bytes(scalar, "little")
    k = (k & ~7 & ((1 << 255) - 1)) | (1 << 254)
    x1 = int.from_bytes(u, "little") & ((1 << 255) - 1)
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for bit in reversed(range(255)):
        k_bit = k >> bit & 1
        if swap ^ k_bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = k_bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a, b * b, d * a, c * b
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % p, x1 * (da - cb) ** 2 % p
        x2, z2 = aa * bb % p, e * (aa + 121665 * e) % p
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, p - 2, p) % p).to_bytes(32, "little")


def chacha20_block(key, counter, nonce):
    def rotate(value, bits):
        return (value << bits | value >> (32 - bits)) & 0xFFFFFFFF

    def quarter(s, a, b, c, d):
        for x, y, z, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[x] = (s[x] + s[y]) & 0xFFFFFFFF
            s[z] = rotate(s[z] ^ s[x], bits)

    start = list(struct.unpack("<4I", b"expand 32-byte k") + struct.unpack("<8I", key))
    start += [counter, *struct.unpack("<3I", nonce)]
    state = start[:]
    for _ in range(10):
        for column in range(4):
            quarter(state, column, 4 + column, 8 + column, 12 + column)
        for row in range(4):
            quarter(state, row, 4 + (row + 1) % 4, 8 + (row + 2) % 4, 12 + (row + 3) % 4)
    return struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(state, start)))


def poly1305(key, message):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for at in range(0, len(message), 16):
        total = (total + int.from_bytes(message[at : at + 16] + b"\x01", "little")) * r % (2**130 - 5)
    return ((total + int.from_bytes(key[16:], "little")) % 2**128).to_bytes(16, "little")


def seal(key, number, associated, plain):
    nonce = bytes(4) + number.to_bytes(8, "little")
    blocks = range(0, len(plain), 64)
    stream = b"".join(chacha20_block(key, 1 + at // 64, nonce) for at in blocks)
    cipher = bytes(a ^ b for a, b in zip(plain, stream))

    def padded(part):
        return part + bytes(-len(part) % 16)

    signed = padded(associated) + padded(cipher) + struct.pack("<QQ", len(associated), len(cipher))
    return cipher + poly1305(chacha20_block(key, 0, nonce)[:32], signed)


def noise_hkdf(chaining_key, material, outputs):
    temp, out = hmac_sha256(chaining_key, material), [b""]
    for index in range(outputs):
        out.append(hmac_sha256(temp, out[-1] + bytes([index + 1])))
    return out[1:]


class Symmetric:
    """The SymmetricState of the Noise specification, section 5.2."""

    def __init__(self, prologue):
        self.hash = self.chaining_key = sha256(PATTERN)
        self.mix_hash(prologue)

    def mix_hash(self, data):
        self.hash = sha256(self.hash + data)

    def mix_key(self, material):
        self.chaining_key, self.key = noise_hkdf(self.chaining_key, material, 2)
        self.number = 0

    def mix_key_and_hash(self, material):
        self.chaining_key, hashed, self.key = noise_hkdf(self.chaining_key, material, 3)
        self.mix_hash(hashed)
        self.number = 0

    def ephemeral(self, public):
        self.mix_hash(public)
        self.mix_key(public)

    def empty_payload(self):
        sealed = seal(self.key, self.number, self.hash, b"")
        self.mix_hash(sealed)
        return sealed


def sized(part):
    return len(part).to_bytes(4, "big") + part


def record(key, number, kind, payload=b""):
    sealed = seal(key, number, b"", bytes([kind]) + payload)
    return len(sealed).to_bytes(2, "big") + sealed


def hkdf_once(salt, key, info, length):
    return hmac_sha256(hmac_sha256(salt, key), info + b"\x01")[:length]


def noise(name, key, client_secret, server_secret, service, server_name, payload):
    key_id = hkdf_once(b"NETAUTH1", key, b"key id", 16)
    psk = hkdf_once(LABEL, key, b"noise psk" + key_id, 32)
    prologue = LABEL + STREAM + key_id + sized(service.encode()) + sized(server_name.encode())
    base = (9).to_bytes(32, "little")
    client_public, server_public = x25519(client_secret, base), x25519(server_secret, base)

    state = Symmetric(prologue)
    state.mix_key_and_hash(psk)
    state.ephemeral(client_public)
    hello = LABEL + key_id + client_public + state.empty_payload()
    state.ephemeral(server_public)
    state.mix_key(x25519(client_secret, server_public))
    reply = server_public + state.empty_payload()
    to_server, to_client = noise_hkdf(state.chaining_key, b"", 2)
    return {
        "name": name,
        "key": key.hex(),
        "client_secret": client_secret.hex(),
        "server_secret": server_secret.hex(),
        "service": service,
        "server_name": server_name,
        "hello": hello.hex(),
        "reply": reply.hex(),
        "confirm": record(to_server, 0, 0).hex(),
        "chaining_key": state.chaining_key.hex(),
        "to_server_key": to_server.hex(),
        "to_client_key": to_client.hex(),
        "payload": payload.hex(),
        "to_server": (record(to_server, 1, 1, payload) + record(to_server, 2, 2)).hex(),
        "to_client": (record(to_client, 0, 1, payload) + record(to_client, 1, 2)).hex(),
    }


def upwards(first, length=32):
    return bytes((first + i) % 256 for i in range(length))


NOISE = [
    noise("no names", upwards(0), upwards(0x20), upwards(0x40), "", "", b"hello"),
    noise("a service", upwards(0), upwards(0x20), upwards(0x40), "chat", "", b"x"),
    noise("a server name", upwards(0), upwards(0x20), upwards(0x40), "", "chat", b"x"),
    noise("both", upwards(0x80), upwards(0x31), upwards(0x77), "upload", "srv-7.example", upwards(5, 300)),
    noise("cut elsewhere", upwards(0x80), upwards(0x31), upwards(0x77), "uploads", "rv-7.example", b"y"),
    noise("beyond ASCII", b"\xff" * 32, upwards(1), upwards(2), "Grüße", "サーバ", upwards(0, 64)),
]


def main():
    # RFC 7748, section 5.2, and RFC 8439, section 2.3.2: a slip above would show here.
    scalar = bytes.fromhex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4")
    point = bytes.fromhex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c")
    product = "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"
    assert x25519(scalar, point).hex() == product
    block = chacha20_block(upwards(0), 1, bytes.fromhex("000000090000004a00000000"))
    assert block.hex().startswith("10f1e7e4d13b5915500fdd1fa32071c4")

    path = pathlib.Path(__file__).parent / "noise.json"
    text = json.dumps(NOISE, indent=2, ensure_ascii=False) + "\n"
    if "--check" not in sys.argv:
        path.write_text(text, encoding="utf-8")
    elif path.read_text(encoding="utf-8") != text:
        sys.exit("out of date: noise.json")


if __name__ == "__main__":
    main()
