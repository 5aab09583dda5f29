"""Answers each `hello` with `byebye`: threading_client.py HOST PORT ROUNDS"""
import socket
import sys

client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
client.connect((sys.argv[1], int(sys.argv[2])))

for _ in range(int(sys.argv[3])):
    data = client.recv(1024)
    if not data:
        sys.exit('hung up on')
    print(data.decode('utf-8'), flush=True)
    client.sendall(b'byebye')
client.close()
