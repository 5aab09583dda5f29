"""The handshake `mutual` and frames of u32be, written from docs/protocol.md alone:
mutual.py client|server PORT KEY_IN_HEX SERVICE

The client sends each line of its standard input and prints the answer; the server answers one caller in capitals.
"""
import hashlib
import hmac
import os
import socket
import struct
import sys

role, port, key, service = sys.argv[1], int(sys.argv[2]), bytes.fromhex(sys.argv[3]), sys.argv[4].encode()
HEADER = b'NETAUTH1' + bytes([0, 1]) + bytes(6)


def mac(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def counted(*parts):
    return b''.join(struct.pack('>I', len(part)) + part for part in parts)


prk = mac(b'NETAUTH1', key)
key_id = mac(prk, b'key id\1')[:16]
client_key = mac(prk, b'client proof' + key_id + b'\1')
server_key = mac(prk, b'server proof' + key_id + b'\1')
context = (service, b'', b'')


def proof(key, *parts):
    return mac(key, counted(*parts, *context))


def read_exactly(stream, size):
    data = b''
    while len(data) < size:
        piece = stream.recv(size - len(data))
        if not piece:
            sys.exit('refused' if not data else 'cut')
        data += piece
    return data


def receive(stream):
    return read_exactly(stream, struct.unpack('>I', read_exactly(stream, 4))[0])


def send(stream, message):
    stream.sendall(counted(message))


def call():
    stream = socket.create_connection(('127.0.0.1', port))
    challenge = receive(stream)
    assert len(challenge) == 48 and challenge.startswith(HEADER)
    unsigned = HEADER + key_id + os.urandom(32)
    response = unsigned + proof(client_key, challenge, unsigned)
    send(stream, response)
    if not hmac.compare_digest(receive(stream), HEADER + proof(server_key, challenge, response)):
        sys.exit('that server does not hold the key')
    return stream


def accept():
    listener = socket.create_server(('127.0.0.1', port))
    print('ready', listener.getsockname()[1], flush=True)
    stream, _ = listener.accept()
    challenge = HEADER + os.urandom(32)
    send(stream, challenge)
    response = receive(stream)
    unsigned, tag = response[:64], response[64:]
    assert unsigned.startswith(HEADER + key_id) and len(response) == 96
    if not hmac.compare_digest(tag, proof(client_key, challenge, unsigned)):
        sys.exit('that caller does not hold the key')
    send(stream, HEADER + proof(server_key, challenge, response))
    return stream


if role == 'client':
    stream = call()
    for line in sys.stdin:
        send(stream, line.rstrip('\n').encode())
        print(receive(stream).decode(), flush=True)
    stream.close()
else:
    stream = accept()
    while True:
        message = receive(stream)
        print(message.decode(), flush=True)
        send(stream, message.upper())
