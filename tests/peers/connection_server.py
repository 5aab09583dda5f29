"""A listener of multiprocessing.connection: connection_server.py HOST PORT KEY

It answers each message of one caller after the other with the same bytes in capitals.
"""
import multiprocessing
import multiprocessing.connection
import sys

listener = multiprocessing.connection.Listener(
    (sys.argv[1], int(sys.argv[2])), authkey=sys.argv[3].encode('utf-8'))
print('ready', listener.address[1], flush=True)

while True:
    try:
        conn = listener.accept()
    except (multiprocessing.AuthenticationError, EOFError, ConnectionError):
        print('refused', flush=True)
        continue
    print('let in', flush=True)
    try:
        while True:
            conn.send_bytes(conn.recv_bytes().upper())
    except (EOFError, ConnectionError):
        conn.close()
        print('gone', flush=True)
