"""What comes in goes out, as plain as it can be: echo_server.py HOST PORT KIND

KIND is `raw`: bytes as they come; `lines`: a line at a time; `u32be`: messages with a length before them.
"""
import socketserver
import struct
import sys


class Raw(socketserver.BaseRequestHandler):
    def handle(self):
        while True:
            data = self.request.recv(1000)
            if not data:
                break
            self.request.sendall(data)


class Lines(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line)


class Framed(socketserver.StreamRequestHandler):
    def handle(self):
        while True:
            header = self.rfile.read(4)
            if len(header) < 4:
                break
            size, = struct.unpack('>I', header)
            self.wfile.write(header + self.rfile.read(size))


kinds = {'raw': Raw, 'lines': Lines, 'u32be': Framed}
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer.daemon_threads = True
server = socketserver.ThreadingTCPServer((sys.argv[1], int(sys.argv[2])), kinds[sys.argv[3]])
print('ready', server.server_address[1], flush=True)
server.serve_forever()
