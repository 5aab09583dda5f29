"""A chat over TCP, one caller at a time: tcp_chat_server.py HOST PORT

It answers each message with the next line of its standard input. `q` from either side hangs up;
then the next caller is answered. It ends when there is nothing more to say.
"""
import socket
import sys

server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind((sys.argv[1], int(sys.argv[2])))
server.listen(5)
print('ready', server.getsockname()[1], flush=True)

while True:
    conn, address = server.accept()
    print('caller', flush=True)
    while True:
        data = conn.recv(1024)
        if not data:
            break
        message = data.decode('utf-8')
        print(message, flush=True)
        if message == 'q':
            break
        line = sys.stdin.readline()
        if not line:
            conn.close()
            sys.exit(0)
        reply = line.rstrip('\n')
        conn.send(reply.encode('utf-8'))
        if reply == 'q':
            break
    conn.close()
    print('gone', flush=True)
