"""Runs nginx with any four free ports: in the clear, TLS, HTTP/2, and HTTP/2 for few requests.

nginx takes no port 0, but it takes over sockets that are open when it starts (the variable NGINX).
Prints the ports as one line of JSON; nginx writes its log after it. nginx ends with its standard
input: this process, its parent, waits for that. Beside it runs fcgiwrap, for git.
"""
import grp, json, os, pwd, socket, subprocess, sys

directory, template, certificate, key = sys.argv[1:]
listeners = [socket.socket() for _ in range(4)]
for listener in listeners:
    listener.bind(("127.0.0.1", 0))
    listener.listen(511)
    listener.set_inheritable(True)
ports = [listener.getsockname()[1] for listener in listeners]
values = {"USER": pwd.getpwuid(os.getuid()).pw_name, "GROUP": grp.getgrgid(os.getgid()).gr_name}
values |= {"DIR": directory, "CERTIFICATE": certificate, "KEY": key}
values["MODULES"] = "/usr/lib/nginx/modules"
values |= {"PORT%d" % (i + 1): str(port) for i, port in enumerate(ports)}
with open(template) as file:
    text = file.read()
for name, value in values.items():
    text = text.replace("@" + name + "@", value)
config = os.path.join(directory, "nginx.conf")
with open(config, "w") as file:
    file.write(text)
print(json.dumps(dict(zip(["http", "https", "h2", "h2short"], ports))), flush=True)
environment = dict(os.environ, NGINX="".join("%d;" % each.fileno() for each in listeners))
environment["PATH"] += ":/usr/sbin"
null = subprocess.DEVNULL
cgi = subprocess.Popen(
    ["fcgiwrap", "-s", "unix:" + os.path.join(directory, "fcgi.sock")], env=environment, stdin=null)
nginx = subprocess.Popen(
    ["nginx", "-p", directory, "-c", config], env=environment, close_fds=False, stdin=null)
sys.stdin.read()
for child in (nginx, cgi):
    child.terminate()
    child.wait()
