"""A chat over UDP: udp_chat_server.py HOST PORT

It answers whoever wrote last with the next line of its standard input.
"""
import socket
import sys

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((sys.argv[1], int(sys.argv[2])))
print('ready', server.getsockname()[1], flush=True)

while True:
    data, address = server.recvfrom(1024)
    print(data.decode('utf-8'), flush=True)
    line = sys.stdin.readline()
    if not line:
        break
    server.sendto(line.rstrip('\n').encode('utf-8'), address)
server.close()
