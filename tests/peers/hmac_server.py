"""Lets callers in who know the key: hmac_server.py HOST PORT KEY

It sends 32 random bytes, wants their HMAC-MD5 in hexadecimal, and only then receives.
A caller with another key is hung up on; then the next one is answered.
"""
import hmac
import os
import socket
import sys

secret_key = sys.argv[3].encode('utf-8')


def conn_auth(conn):
    message = os.urandom(32)
    conn.sendall(message)
    digest = hmac.new(secret_key, message, 'md5').hexdigest().encode('utf-8')
    response = b''
    while len(response) < len(digest):
        piece = conn.recv(len(digest) - len(response))
        if not piece:
            return False
        response += piece
    return hmac.compare_digest(response, digest)


server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind((sys.argv[1], int(sys.argv[2])))
server.listen(5)
print('ready', server.getsockname()[1], flush=True)

while True:
    conn, address = server.accept()
    if conn_auth(conn):
        print('let in', flush=True)
        while True:
            data = conn.recv(1024)
            if not data:
                break
            print(data.decode('utf-8'), flush=True)
        print('gone', flush=True)
    else:
        print('refused', flush=True)
    conn.close()
