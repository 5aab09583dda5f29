"""A client of multiprocessing.connection: connection_client.py HOST PORT KEY

It sends each line of its standard input and prints the answer.
"""
import multiprocessing
import multiprocessing.connection
import sys

try:
    conn = multiprocessing.connection.Client(
        (sys.argv[1], int(sys.argv[2])), authkey=sys.argv[3].encode('utf-8'))
except (multiprocessing.AuthenticationError, EOFError, ConnectionError):
    sys.exit('refused')
print('let in', flush=True)

for line in sys.stdin:
    conn.send_bytes(line.rstrip('\n').encode('utf-8'))
    print(conn.recv_bytes().decode('utf-8'), flush=True)
conn.close()
