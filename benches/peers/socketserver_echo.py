"""An echo server on socketserver: a thread for each connection."""

import socketserver
import struct
import sys

HEADER = struct.Struct(">I")


class Echo(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        while header := self.rfile.read(HEADER.size):
            message = self.rfile.read(*HEADER.unpack(header))
            self.wfile.write(header + message)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 1024

    def handle_error(self, request, client_address):
        pass  # a caller that went away says so by a reset, which is no news here


with Server(("127.0.0.1", 0), Echo) as server:
    print("listening on tcp://%s:%d" % server.server_address, file=sys.stderr, flush=True)
    server.serve_forever()
