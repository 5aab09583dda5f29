"""Talk to an authenticated Switchboard server with nothing but Python: python_client.py HOST PORT KEY_FILE

The server, with the same key file on the same machine:
    sb-echo 127.0.0.1:9000 --auth python --framing python --key-file KEY_FILE
For a Python before 3.12 it needs `--digests sha256,md5` as well. Lines typed here are messages; what comes back is
printed.
"""
import sys
from multiprocessing.connection import Client

host, port, key_file = sys.argv[1:4]
with open(key_file, 'rb') as file:
    key = file.read()
if key.endswith(b'\n'):
    key = key[:-1]  # as Switchboard reads it

connection = Client((host, int(port)), authkey=key)
for line in iter(sys.stdin.readline, ''):
    connection.send_bytes(line.rstrip('\n').encode('utf-8'))
    print(connection.recv_bytes().decode('utf-8'))
    sys.stdout.flush()
connection.close()
