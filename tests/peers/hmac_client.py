"""Proves that it knows the key, then says `upload`: hmac_client.py HOST PORT KEY"""
import hmac
import socket
import sys

secret_key = sys.argv[3].encode('utf-8')


def receive(conn, size):
    data = b''
    while len(data) < size:
        piece = conn.recv(size - len(data))
        if not piece:
            sys.exit('hung up on')
        data += piece
    return data


def conn_auth(conn):
    message = receive(conn, 32)
    digest = hmac.new(secret_key, message, 'md5').hexdigest()
    conn.sendall(digest.encode('utf-8'))


client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
client.connect((sys.argv[1], int(sys.argv[2])))
conn_auth(client)
client.sendall(b'upload')
client.shutdown(socket.SHUT_WR)
while True:
    try:
        data = client.recv(1024)
    except ConnectionResetError:
        sys.exit('hung up on')
    if not data:
        break
    print(data.decode('utf-8'), flush=True)
client.close()
