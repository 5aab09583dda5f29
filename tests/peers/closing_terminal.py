"""Start a server on a terminal, close the terminal, and tell what became of the server: closing_terminal.py COMMAND..."""
import os
import pty
import signal
import sys
import time

pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
said = b''
while b'listening on' not in said:
    said += os.read(terminal, 1024)
os.close(terminal)
deadline = time.monotonic() + 10
while time.monotonic() < deadline:
    ended, status = os.waitpid(pid, os.WNOHANG)
    if ended:
        print('ended %d' % os.WEXITSTATUS(status) if os.WIFEXITED(status) else 'killed %d' % os.WTERMSIG(status))
        sys.exit()
    time.sleep(0.02)
os.kill(pid, signal.SIGKILL)
print('stayed')
