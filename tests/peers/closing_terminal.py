"""Start a server on a terminal, close the terminal, and tell what became of the server: closing_terminal.py COMMAND..."""
import os
import pty
import select
import signal
import sys

PATIENCE = 10  # seconds

pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
said = b''
while b'listening on' not in said:
    said += os.read(terminal, 1024)
os.close(terminal)
end = os.pidfd_open(pid)
if not select.select([end], [], [], PATIENCE)[0]:
    os.kill(pid, signal.SIGKILL)
    sys.exit('it stayed')
status = os.waitpid(pid, 0)[1]
print('ended %d' % os.WEXITSTATUS(status) if os.WIFEXITED(status) else 'killed %d' % os.WTERMSIG(status))
