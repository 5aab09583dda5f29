"""A chat over UDP multicast: multicast_chat.py GROUP PORT ADDRESS

It joins the group on the interface with that address, sends it each line of its standard input, and prints what comes
with who it is from. `q` is sent and ends it.
"""
import socket
import struct
import sys
import threading

group, port, interface = sys.argv[1], int(sys.argv[2]), sys.argv[3]
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_UDP)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
sock.bind(('', port))
membership = struct.pack('4s4s', socket.inet_aton(group), socket.inet_aton(interface))
sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))
sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)


def hear():
    while True:
        data, address = sock.recvfrom(1024)
        print('%s:%d %s' % (address[0], address[1], data.decode('utf-8')), flush=True)


threading.Thread(target=hear, daemon=True).start()
print('ready', port, flush=True)
for line in sys.stdin:
    sock.sendto(line.rstrip('\n').encode('utf-8'), (group, port))
    if line == 'q\n':
        break
