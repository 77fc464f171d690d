"""Runs nghttpd on any free port, and tells in JSON what it says it received.

Prints the port as one line, then a line for each stream that has ended. nghttpd ends with its
standard input: one thread of this process, its parent, waits for that.
"""
import json, os, re, subprocess, sys, threading

directory, certificate, key = sys.argv[1:]


def listening_port(pid):
    fds = "/proc/%d/fd/" % pid
    targets = []
    for fd in os.listdir(fds):
        try:
            targets.append(os.readlink(fds + fd))
        except FileNotFoundError:
            pass
    with open("/proc/net/tcp") as table:
        for row in list(table)[1:]:
            words = row.split()
            if words[3] == "0A" and "socket:[%s]" % words[9] in targets:
                return int(words[1].split(":")[1], 16)
    raise SystemExit("nghttpd does not listen")


nghttpd = subprocess.Popen(
    ["nghttpd", "-v", "-a", "127.0.0.1", "-d", directory, "--echo-upload", "--trailer", "x-digest: abc"]
    + ["0", key, certificate],
    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=sys.stderr, text=True)
threading.Thread(target=lambda: (sys.stdin.read(), nghttpd.terminate()), daemon=True).start()

streams = {}
sent = None
for line in nghttpd.stdout:
    if line.startswith("IPv4: listen"):
        print(json.dumps({"h2": listening_port(nghttpd.pid)}), flush=True)
        continue
    connection = re.match(r"\[id=(\d+)\]", line)
    stream = re.search(r"stream_id=(\d+)", line)
    if sent is not None and (status := re.match(r"\s+:status: (\d+)", line)):
        sent["status"] = int(status[1])
    if connection is None or stream is None or stream[1] == "0":
        continue
    seen = streams.setdefault(
        (connection[1], stream[1]), {"version": "2.0", "headers": [], "up": 0, "down": 0})
    if field := re.search(r"recv \(stream_id=\d+(?:, sensitive)?\) (:?[^:]+): (.*)", line):
        name, value = field.groups()
        if name.startswith(":"):
            seen[name] = value
        else:
            seen["headers"].append([name, value])
    elif data := re.search(r"(recv|send) DATA frame <length=(\d+)", line):
        seen["up" if data[1] == "recv" else "down"] += int(data[2])
    elif "send HEADERS" in line:
        sent = seen
    elif line.rstrip().endswith(" closed") and ":method" in seen:
        path = seen.pop(":path")
        url = "%s://%s%s" % (seen.pop(":scheme"), seen.pop(":authority"), path)
        seen |= {"method": seen.pop(":method"), "url": url, "target": path}
        print(json.dumps(seen), flush=True)
        del streams[(connection[1], stream[1])]
nghttpd.wait()
