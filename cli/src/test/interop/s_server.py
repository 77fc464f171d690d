"""Runs openssl s_server on a free port of 127.0.0.1, which demands a client's certificate.

Prints the port as one line of JSON. It ends with its standard input.
"""
import json, socket, subprocess, sys

certificate, key, authority, *rest = sys.argv[1:]
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
command = ["openssl", "s_server", "-www", "-accept", "127.0.0.1:%d" % port]
command += ["-cert", certificate, "-key", key]
command += ["-Verify", "3", "-verify_return_error", "-CAfile", authority, *rest]
server = subprocess.Popen(
    command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=sys.stderr, text=True)
for line in server.stdout:
    if "ACCEPT" in line:
        print(json.dumps({"https": port}), flush=True)
        break
sys.stdin.read()
server.kill()
server.wait()
