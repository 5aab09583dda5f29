"""Messages with a length before them: struct_sender.py HOST PORT

It sends each line of its standard input as struct.pack('i', length) and the bytes.
"""
import socket
import struct
import sys

client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
client.connect((sys.argv[1], int(sys.argv[2])))

for line in sys.stdin:
    data = line.rstrip('\n').encode('utf-8')
    client.send(struct.pack('i', len(data)))
    client.sendall(data)
client.close()
