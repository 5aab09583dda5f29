"""A chat over UDP broadcast: broadcast_chat.py ADDRESS PORT

It sends each line of its standard input to that broadcast address, and prints what comes with who it is from. `q` is
sent and ends it.
"""
import socket
import sys
import threading

network, port = sys.argv[1], int(sys.argv[2])
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
sock.bind(('', port))


def hear():
    while True:
        data, address = sock.recvfrom(1024)
        print('%s:%d %s' % (address[0], address[1], data.decode('utf-8')), flush=True)


threading.Thread(target=hear, daemon=True).start()
print('ready', port, flush=True)
for line in sys.stdin:
    sock.sendto(line.rstrip('\n').encode('utf-8'), (network, port))
    if line == 'q\n':
        break
