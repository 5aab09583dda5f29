"""Messages with a length before them, the other side: struct_receiver.py HOST PORT

It prints each message of one caller, a line each, and ends with him.
"""
import socket
import struct
import sys


def receive(conn, size):
    data = b''
    while len(data) < size:
        piece = conn.recv(min(1024, size - len(data)))
        if not piece:
            return None
        data += piece
    return data


server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind((sys.argv[1], int(sys.argv[2])))
server.listen(5)
print('ready', server.getsockname()[1], flush=True)

conn, address = server.accept()
while True:
    header = receive(conn, 4)
    if header is None:
        break
    size = struct.unpack('i', header)[0]
    print(receive(conn, size).decode('utf-8'), flush=True)
conn.close()
server.close()
