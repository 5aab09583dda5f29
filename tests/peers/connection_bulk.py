"""Both ends of multiprocessing.connection, for messages of awkward sizes, on any Python since 2.7:
connection_bulk.py client|listener PORT KEY BYTES

Sends a short message, an empty one and one of BYTES bytes. A client wants each of them back; a listener only sends.
"""
import sys
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Listener

role, port, key, size = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode('ascii'), int(sys.argv[4])


def say(text):
    print(text)
    sys.stdout.flush()


try:
    if role == 'client':
        connection = Client(('127.0.0.1', port), authkey=key)
    else:
        listener = Listener(('127.0.0.1', port), authkey=key)
        say('ready %d' % listener.address[1])
        connection = listener.accept()
except (AuthenticationError, EOFError, IOError) as error:
    say(type(error).__name__)
    sys.exit(1)
say('let in')

for message in b'short', b'', b'x' * size:
    connection.send_bytes(message)
    if role == 'client':
        if connection.recv_bytes() != message:
            sys.exit('another message came back')
        say('%d bytes came back' % len(message))
connection.close()
