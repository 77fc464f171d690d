"""Runs a proxy of Debian on a free port of 127.0.0.1 until standard input ends.

Prints the port as one line of JSON, then a line for each request that the proxy logs, some at its end.
Where it asks for them, its user is "user" and its password "pass@word", of tinyproxy, which takes
letters alone, "password".
"""
import json, os, shutil, socket, subprocess, sys, tempfile, threading

kind, certificate, key = sys.argv[1:]
os.environ["PATH"] += ":/usr/sbin"
directory = tempfile.mkdtemp(prefix="earshot-proxy")
os.chmod(directory, 0o755)  # squid gives up root's rights, and reads its passwords after that


def write(name, text):
    path = os.path.join(directory, name)
    with open(path, "w") as file:
        file.write(text)
    return path


with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
log = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
log.bind(("127.0.0.1", 0))

SQUID = """
PORTS
access_log udp://127.0.0.1:LOG
cache_log /dev/null
pid_filename none
cache deny all
shutdown_lifetime 0 seconds
visible_hostname proxy.test
RULES
"""
ASKED = """
auth_param basic program /usr/lib/squid/basic_ncsa_auth PASSWORDS
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
"""
DANTE = """
logoutput: stdout
internal: 127.0.0.1 port = PORT
external: 127.0.0.1
clientmethod: none
socksmethod: none
user.privileged: USER
user.unprivileged: nobody
client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 log: connect }
"""


def squid(ports, rules):
    if "PASSWORDS" in rules:
        digest = subprocess.run(
            ["openssl", "passwd", "-apr1", "pass@word"], check=True, stdout=subprocess.PIPE, text=True)
        rules = rules.replace("PASSWORDS", write("passwords", "user:" + digest.stdout))
    text = SQUID.replace("PORTS", ports).replace("RULES", rules)
    text = text.replace("LOG", str(log.getsockname()[1]))
    return ["squid", "-N", "-f", write("squid.conf", text)]


def tinyproxy(rules):
    text = "Listen 127.0.0.1\nPort %d\nMaxClients 50\nLogLevel Connect\n%s\n" % (port, rules)
    return ["tinyproxy", "-d", "-c", write("tinyproxy.conf", text)]


def microsocks(*rules):
    return ["microsocks", "-i", "127.0.0.1", "-p", str(port), *rules]


def dante():
    user = "root" if os.getuid() == 0 else "nobody"
    text = DANTE.replace("PORT", str(port)).replace("USER", user)
    return ["danted", "-f", write("danted.conf", text)]


plain = "http_port 127.0.0.1:%d" % port
tls = "https_port 127.0.0.1:%d tls-cert=%s tls-key=%s" % (port, certificate, key)
command = {
    "squid": lambda: squid(plain, "http_access allow all"),
    "squid-auth": lambda: squid(plain, ASKED),
    "squid-tls": lambda: squid(tls, "http_access allow all"),
    "tinyproxy": lambda: tinyproxy(""),
    "tinyproxy-auth": lambda: tinyproxy("BasicAuth user password"),
    "microsocks": lambda: microsocks(),
    "microsocks-auth": lambda: microsocks("-u", "user", "-P", "pass@word"),
    "dante": lambda: dante(),
}[kind]()
proxy = subprocess.Popen(
    command,
    cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def tell(line):
    print(json.dumps({"log": line}), flush=True)


def datagrams(flags=0):
    while True:
        try:
            packet = log.recv(65536, flags)
        except BlockingIOError:
            return
        for line in packet.decode(errors="replace").splitlines():
            if "error:transaction-end-before-headers" not in line:  # that is the look below
                tell(line)


def lines():
    for line in proxy.stdout:
        text = line.decode(errors="replace").strip()
        print(text, file=sys.stderr, flush=True)
        if "Request (file" in text or "connected to" in text or "tcp/connect [" in text:
            tell(text)


def listens():
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


while not listens():
    if proxy.poll() is not None:
        raise SystemExit("ended: " + proxy.stdout.read().decode(errors="replace"))
print(json.dumps({"proxy": port}), flush=True)
reader = threading.Thread(target=lines, daemon=True)
reader.start()
sys.stdin.read()
proxy.terminate()
try:
    proxy.wait(5)
except subprocess.TimeoutExpired:
    proxy.kill()
    proxy.wait()
# What a proxy holds back of its log comes with its end.
reader.join()
datagrams(socket.MSG_DONTWAIT)
shutil.rmtree(directory)
