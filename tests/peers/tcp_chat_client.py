"""A chat over TCP, the caller's side: tcp_chat_client.py HOST PORT

It sends each line of its standard input and prints the answer. `q` from either side hangs up.
"""
import socket
import sys

client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
client.connect((sys.argv[1], int(sys.argv[2])))
print('ready', client.getsockname()[1], flush=True)

for line in sys.stdin:
    message = line.rstrip('\n')
    if not message:
        continue
    client.send(message.encode('utf-8'))
    if message == 'q':
        break
    data = client.recv(1024)
    if not data:
        break
    print(data.decode('utf-8'), flush=True)
    if data == b'q':
        break
client.close()
