"""Be called by Switchboard with nothing but Python: python_listener.py HOST PORT KEY_FILE

It prints its port (0 takes a free one), and answers each message of one caller after the other in capitals. A caller,
with the same key file on the same machine:
    sb-talk call 127.0.0.1:PORT --auth python --framing python --key-file KEY_FILE
If this Python is before 3.12 that needs `--digests sha256,md5` as well.
"""
import sys
from multiprocessing import AuthenticationError
from multiprocessing.connection import Listener

host, port, key_file = sys.argv[1:4]
with open(key_file, 'rb') as file:
    key = file.read()
if key.endswith(b'\n'):
    key = key[:-1]  # as Switchboard reads it

listener = Listener((host, int(port)), authkey=key)
print('ready %d' % listener.address[1])
sys.stdout.flush()
while True:
    try:
        connection = listener.accept()
    except (AuthenticationError, EOFError, IOError) as error:
        print('refused: %s' % type(error).__name__)
        sys.stdout.flush()
        continue
    try:
        while True:
            connection.send_bytes(connection.recv_bytes().upper())
    except (EOFError, IOError):
        connection.close()
