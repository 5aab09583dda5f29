"""A thread for each caller: threading_server.py HOST PORT

It sends `hello` and prints what comes back, over and over.
"""
import socketserver
import sys


class Server(socketserver.BaseRequestHandler):
    def handle(self):
        while True:
            try:
                self.request.sendall(b'hello')
                data = self.request.recv(1024)
            except ConnectionError:
                break
            if not data:
                break
            print(data.decode('utf-8'), flush=True)


socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer.daemon_threads = True
server = socketserver.ThreadingTCPServer((sys.argv[1], int(sys.argv[2])), Server)
print('ready', server.server_address[1], flush=True)
server.serve_forever()
