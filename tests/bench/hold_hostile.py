#!/usr/bin/env python3
"""Holds COUNT connections to 127.0.0.1:PORT that give or take a little once a second: hold_hostile.py KIND PORT HOST COUNT.
Says "ready" when all are open; ends at the end of its input. Connections that the other end closes are opened anew."""
import asyncio
import sys

INTERVAL = 1.0
HEADS = {
    "heads": "GET /small HTTP/1.1\r\nHost: {host}\r\nX-Slow: ",
    "bodies": "POST /sink HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000000\r\n\r\n",
    "readers": "GET /1m HTTP/1.1\r\nHost: {host}\r\n\r\n",
}


async def hold(kind, port, host, opened):
    while True:
        try:
            # A small buffer: what is not read stays at the other end.
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=4096)
            writer.write(HEADS[kind].format(host=host).encode())
            opened.release()
            while True:
                if kind == "readers":
                    if not await reader.read(4096):
                        break
                else:
                    writer.write(b"x")
                    await writer.drain()
                await asyncio.sleep(INTERVAL)
        except OSError:
            await asyncio.sleep(INTERVAL)


async def main(kind, port, host, count):
    opened = asyncio.Semaphore(0)
    tasks = []
    for _ in range(count):
        tasks.append(asyncio.create_task(hold(kind, port, host, opened)))
        if len(tasks) % 100 == 0:
            await asyncio.sleep(0.05)
    for _ in range(count):
        await opened.acquire()
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for task in tasks:
        task.cancel()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
