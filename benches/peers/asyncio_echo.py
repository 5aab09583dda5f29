"""An echo server on asyncio's streams, with `uvloop` as its only argument on the loop of that name."""

import asyncio
import struct
import sys

HEADER = struct.Struct(">I")


async def echo(reader, writer):
    try:
        while True:
            header = await reader.readexactly(HEADER.size)
            message = await reader.readexactly(*HEADER.unpack(header))
            writer.write(header + message)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main():
    server = await asyncio.start_server(echo, "127.0.0.1", 0, backlog=1024)
    print("listening on tcp://%s:%d" % server.sockets[0].getsockname(), file=sys.stderr, flush=True)
    await server.serve_forever()


if sys.argv[1:] == ["uvloop"]:
    import uvloop

    uvloop.run(main())
else:
    asyncio.run(main())
