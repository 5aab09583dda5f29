"""Writes captures and other files, each by the module of the standard library that makes such things: captures.py FOLDER.

A name that begins with a spec and an underscore is a stream in that framing; the others are no streams of messages.
"""

import gzip
import http.server
import io
import json
import math
import multiprocessing.connection
import os
import pickle
import random
import socket
import sqlite3
import struct
import sys
import tarfile
import threading
import wave
import zipfile
import zlib

RANDOM = random.Random(20)
FOLDER = sys.argv[1]


def write(name, content):
    with open(os.path.join(FOLDER, name), "wb") as file:
        file.write(content)


def people(count):
    return [{"id": at, "name": "someone %d" % RANDOM.randrange(1000), "tags": ["a"] * RANDOM.randrange(5)}
            for at in range(count)]


def recorded(conversation):
    """What one side of a socket is sent by the other."""
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=conversation, args=(theirs,))
    thread.start()
    heard = b"".join(iter(lambda: ours.recv(65536), b""))
    thread.join()
    ours.close()
    return heard


def connection(side):
    with multiprocessing.connection.Connection(side.detach()) as peer:
        for person in people(40):
            peer.send(person)
        peer.send_bytes(RANDOM.randbytes(700))


def served():
    """An answer in chunks, as it came over the socket."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for person in people(20) + [None]:
                text = b"" if person is None else json.dumps(person).encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    with socket.create_connection(server.server_address, timeout=10) as caller:
        caller.sendall(b"GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        heard = b"".join(iter(lambda: caller.recv(65536), b""))
    thread.join()
    server.server_close()
    return heard


def dns(name):
    """An answer with one address, RFC 1035."""
    labels = b"".join(bytes([len(label)]) + label for label in name.encode().split(b".")) + b"\0"
    header = struct.pack("!6H", RANDOM.randrange(65536), 0x8180, 1, 1, 0, 0)
    answer = struct.pack("!HHHIH", 0xC00C, 1, 1, RANDOM.randrange(60, 86400), 4) + RANDOM.randbytes(4)
    return header + labels + struct.pack("!HH", 1, 1) + answer


def streams():
    packed = lambda format, payloads: b"".join(struct.pack(format, len(one)) + one for one in payloads)
    texts = [json.dumps(person).encode() for person in people(60)]
    bodies = [RANDOM.randbytes(RANDOM.randrange(5, 400)) for _ in range(60)]
    names = ["www.example.com", "mail.example.org", "a.b.c.example.net", "ns1.example.com", "x.org"]
    for kind, payloads in (("texts", texts), ("bodies", bodies), ("few_texts", texts[:3])):
        write("u32be_%s" % kind, packed("!I", payloads))
        write("u32le_%s" % kind, packed("<i", payloads))
        write("u16be_%s" % kind, packed("!H", payloads))
        write("netstring_%s" % kind, b"".join(b"%d:%s," % (len(one), one) for one in payloads))
    write("u8_texts", packed("B", [text for text in texts if len(text) < 256]))
    write("u32be_records", packed("!I", [struct.pack("<iff", at, RANDOM.random(), at / 2) for at in range(60)]))
    write("u32be_cut", packed("!I", texts)[:-9])
    write("u16be_dns", packed("!H", [dns(RANDOM.choice(names)) for _ in range(30)]))
    write("u32be_connection", recorded(connection))
    write("crlf_chunked", served())
    write("lines_json", b"\n".join(texts) + b"\n")


def files():
    write("gzip", gzip.compress(json.dumps(people(5000)).encode()))
    write("pickle", pickle.dumps(people(300)))
    write("noise", RANDOM.randbytes(300_000))
    write("one_line", json.dumps(people(300)).encode())
    write("utf8", ("Gr\u00fc\u00dfe aus K\u00f6ln, \u03ba\u03b1\u03bb\u03b7\u03bc\u03ad\u03c1\u03b1, \u4f60\u597d. " * 300).encode())
    write("utf16", json.dumps(people(100)).encode("utf-16"))
    write("numbers", struct.pack("<5000i", *(RANDOM.randrange(1000) for _ in range(5000))))

    tar, archive, sound = io.BytesIO(), io.BytesIO(), io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as file:
        file.add(__file__, "one")
        file.add(os.path.join(FOLDER, "numbers"), "two")
        file.add(os.path.join(FOLDER, "noise"), "three")
    write("tar", tar.getvalue())
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.write(__file__, "one")
        file.write(os.path.join(FOLDER, "numbers"), "two")
    write("zip", archive.getvalue())
    with wave.open(sound, "wb") as file:
        file.setparams((2, 2, 44100, 0, "NONE", None))
        file.writeframes(b"".join(struct.pack("<hh", int(9000 * math.sin(at / 20)), int(3000 * math.sin(at / 33)))
                                  for at in range(20_000)))
    write("wave", sound.getvalue())
    database = sqlite3.connect(os.path.join(FOLDER, "sqlite"))
    database.execute("create table people (id integer primary key, name text, weight real)")
    database.executemany("insert into people (name, weight) values (?, ?)",
                         [(person["name"], RANDOM.random()) for person in people(3000)])
    database.execute("create index by_name on people (name)")
    database.commit()
    database.close()


def picture():
    """A PNG: after its signature it is pieces that say how long they are, and there may be many of them."""
    rows = b"".join(b"\0" + RANDOM.randbytes(600) for _ in range(200))
    pixels = zlib.compress(rows)
    piece = lambda kind, body: struct.pack("!I", len(body)) + kind + body + struct.pack("!I", zlib.crc32(kind + body))
    cut = [pixels[at:at + 8192] for at in range(0, len(pixels), 8192)]
    header = piece(b"IHDR", struct.pack("!IIBBBBB", 200, 200, 8, 2, 0, 0, 0))
    write("png", b"\x89PNG\r\n\x1a\n" + header + b"".join(piece(b"IDAT", one) for one in cut) + piece(b"IEND", b""))


streams()
files()
picture()
