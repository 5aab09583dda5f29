"""The handshake `noise` by PyPI's noiseprotocol, its records written from docs/protocol.md alone:
noise_peer.py client|server PORT KEY_IN_HEX SERVICE [cut]

The client sends each line of its standard input and prints the answer; the server answers one caller in capitals.
At the end both send a close record, unless told to cut, and say how the other side ended.
"""
import hashlib
import hmac
import socket
import struct
import sys

from noise.connection import NoiseConnection

role, port, key, service = sys.argv[1], int(sys.argv[2]), bytes.fromhex(sys.argv[3]), sys.argv[4].encode()
cuts = sys.argv[5:] == ['cut']
CONFIRM, DATA, CLOSE = b'\0', b'\1', b'\2'


def mac(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


key_id = mac(mac(b'NETAUTH1', key), b'key id\1')[:16]
psk = mac(mac(b'NETNOIS1', key), b'noise psk' + key_id + b'\1')
prologue = b'NETNOIS1' + b'\1' + key_id + struct.pack('>I', len(service)) + service + struct.pack('>I', 0)
noise = NoiseConnection.from_name(b'Noise_NNpsk0_25519_ChaChaPoly_SHA256')
noise.set_psks(psk)
noise.set_prologue(prologue)


def read_exactly(stream, size):
    data = b''
    while len(data) < size:
        piece = stream.recv(size - len(data))
        if not piece:
            sys.exit('refused' if not noise.handshake_finished else 'cut')
        data += piece
    return data


def send_record(stream, kind, payload=b''):
    sealed = noise.encrypt(kind + payload)
    stream.sendall(struct.pack('>H', len(sealed)) + sealed)


def read_record(stream):
    sealed = read_exactly(stream, struct.unpack('>H', read_exactly(stream, 2))[0])
    plain = noise.decrypt(sealed)
    return plain[:1], plain[1:]


def shake_as_client():
    stream = socket.create_connection(('127.0.0.1', port))
    noise.set_as_initiator()
    noise.start_handshake()
    stream.sendall(b'NETNOIS1' + key_id + noise.write_message())
    noise.read_message(read_exactly(stream, 48))
    send_record(stream, CONFIRM)
    return stream


def shake_as_server():
    listener = socket.create_server(('127.0.0.1', port))
    print('ready', listener.getsockname()[1], flush=True)
    stream, _ = listener.accept()
    noise.set_as_responder()
    noise.start_handshake()
    hello = read_exactly(stream, 72)
    assert hello[:24] == b'NETNOIS1' + key_id
    noise.read_message(hello[24:])
    stream.sendall(noise.write_message())
    assert read_record(stream) == (CONFIRM, b'')
    return stream


class Plaintext:
    """The messages in a stream of records: frames may lie in records in any way."""

    def __init__(self, stream):
        self.stream, self.data = stream, b''

    def message(self):
        while len(self.data) < 4 or len(self.data) < 4 + struct.unpack('>I', self.data[:4])[0]:
            kind, payload = read_record(self.stream)
            if kind == CLOSE:
                assert payload == b'' and self.data == b''
                return None
            assert kind == DATA and len(payload) <= 16384
            self.data += payload
        end = 4 + struct.unpack('>I', self.data[:4])[0]
        message, self.data = self.data[4:end], self.data[end:]
        return message


def send(stream, message):
    framed = struct.pack('>I', len(message)) + message
    for start in range(0, len(framed), 16384):
        send_record(stream, DATA, framed[start:start + 16384])


stream = shake_as_client() if role == 'client' else shake_as_server()
peer = Plaintext(stream)
print('let in', flush=True)
if role == 'client':
    for line in sys.stdin:
        send(stream, line.rstrip('\n').encode())
        answer = peer.message()
        print(answer.decode() if len(answer) < 100 else '%d bytes' % len(answer), flush=True)
else:
    for message in iter(peer.message, None):
        print(message.decode(), flush=True)
        send(stream, message.upper())
    print('closed', flush=True)
if not cuts:
    send_record(stream, CLOSE)
stream.shutdown(socket.SHUT_WR)
if role == 'client' and not cuts:
    assert peer.message() is None
    print('closed', flush=True)
