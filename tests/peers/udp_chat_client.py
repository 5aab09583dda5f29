"""A chat over UDP, the caller's side: udp_chat_client.py HOST PORT

It sends each line of its standard input and prints the answer. `q` is sent and ends it.
"""
import socket
import sys

server_address = (sys.argv[1], int(sys.argv[2]))
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

for line in sys.stdin:
    message = line.rstrip('\n')
    client.sendto(message.encode('utf-8'), server_address)
    if message == 'q':
        break
    data, address = client.recvfrom(1024)
    print(data.decode('utf-8'), flush=True)
client.close()
