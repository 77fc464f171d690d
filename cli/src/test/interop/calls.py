"""Calls an origin by one of Python's clients and prints what comes back.

Usage: calls.py (requests|httpx|httpx-h2|aiohttp|websockets) URL...; of websockets, one URL.
"""
import asyncio, hashlib, os, socket, ssl, sys, urllib.parse

how, *bases = sys.argv[1:]
UPLOAD = b"upload " * 40000
PLAN = [
    ("GET", "/text", None), ("GET", "/coded/gzip", None), ("GET", "/coded/deflate", None),
    ("POST", "/echo", UPLOAD), ("GET", "/status?code=404", None), ("HEAD", "/text", None),
]


def show(path, status, headers, body):
    print(path, status, sorted(headers), len(body), hashlib.sha256(body).hexdigest()[:16])


def by_requests():
    import requests
    with requests.Session() as session:
        for base in bases:
            for method, path, body in PLAN:
                answer = session.request(method, base + path, data=body)
                show(path, answer.status_code, answer.headers.items(), answer.content)


def by_httpx(http2):
    import httpx
    with httpx.Client(http2=http2) as client:
        for base in bases:
            for method, path, body in PLAN:
                answer = client.request(method, base + path, content=body)
                show(path, answer.status_code, answer.headers.items(), answer.content)


async def by_aiohttp():
    import aiohttp
    async with aiohttp.ClientSession(trust_env=True) as session:
        for base in bases:
            for method, path, body in PLAN:
                async with session.request(method, base + path, data=body) as answer:
                    show(path, answer.status, answer.headers.items(), await answer.read())


def tunnel(url):
    """This version of websockets knows no proxy, but takes a connection."""
    proxy = urllib.parse.urlsplit(os.environ["https_proxy"])
    connection = socket.create_connection((proxy.hostname, proxy.port))
    target = "%s:%d" % (url.hostname, url.port)
    connection.sendall(("CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (target, target)).encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(1)
    assert head.startswith(b"HTTP/1.1 200 "), head
    return connection


async def by_websockets():
    import websockets
    url = urllib.parse.urlsplit(bases[0])
    options = {}
    if "https_proxy" in os.environ:
        options["sock"] = tunnel(url)
        if url.scheme == "wss":
            options |= {"server_hostname": url.hostname}
    if url.scheme == "wss":
        options["ssl"] = ssl.create_default_context()
    async with websockets.connect(bases[0], **options) as connection:
        print(connection.response_headers["Sec-WebSocket-Extensions"])
        for message in ["hello", b"\0\1\2", "a line of text " * 1000, ["in ", "two ", "parts"]]:
            await connection.send(message)
            got = await connection.recv()
            print(type(got).__name__, len(got), got[:20])
        await connection.close(1000, "bye")


{
    "requests": by_requests,
    "httpx": lambda: by_httpx(False),
    "httpx-h2": lambda: by_httpx(True),
    "aiohttp": lambda: asyncio.run(by_aiohttp()),
    "websockets": lambda: asyncio.run(by_websockets()),
}[how]()
