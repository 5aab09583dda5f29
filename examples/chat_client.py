"""A member of an sb-chat hub with the standard library alone: chat_client.py KEY_FILE [NICK [ROOM [HOST PORT]]]"""
import hashlib, hmac, json, os, socket, struct, sys, threading

key_file, nick, room, host, port = sys.argv[1:] + ["py", "lobby", "127.0.0.1", "9000"][len(sys.argv) - 2:]
key = bytes.fromhex(open(key_file).readline().split()[1])
hub = socket.create_connection((host, int(port)))
hub_file = hub.makefile("rb")

def mac(key, *parts): return hmac.new(key, b"".join(parts), hashlib.sha256).digest()
def sized(*parts): return b"".join(struct.pack(">I", len(part)) + part for part in parts)
def receive(): return hub_file.read(struct.unpack(">I", hub_file.read(4) or sys.exit("the hub hung up"))[0])
def send(message): hub.sendall(sized(message))

# The handshake `mutual`: the hub's challenge, our response, the hub's proof that it has the key too.
prk, head, terms = mac(b"NETAUTH1", key), b"NETAUTH1" + bytes([0, 1] + [0] * 6), [b"chat", b"", b""]
key_id = mac(prk, b"key id", b"\1")[:16]
client_key, server_key = (mac(prk, word, key_id, b"\1") for word in (b"client proof", b"server proof"))
challenge, response = receive(), head + key_id + os.urandom(32)
response += mac(client_key, sized(challenge, response, *terms))
send(response)
accept = receive()
if not hmac.compare_digest(accept, head + mac(server_key, sized(challenge, response, *terms))):
    sys.exit("that is not our hub")

def say(**request): send(json.dumps(request).encode())
def listen():
    while True:
        heard = json.loads(receive())
        for message in heard.get("messages", [heard]):
            if "nick" in message and "text" in message: print(f"{message['nick']}: {message['text']!r}", flush=True)
        if heard["type"] == "error": print("error:", heard["text"], file=sys.stderr)

say(type="nick", nick=nick)
say(type="join", room=room)
threading.Thread(target=listen, daemon=True).start()
for line in sys.stdin: say(type="say", room=room, text=line.rstrip("\n"))
hub.shutdown(socket.SHUT_WR)
