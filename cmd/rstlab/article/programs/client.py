"""Python's HTTP clients for the experiments: http.client, urllib, requests.

Settings are name=value arguments; "@pause where" goes out, one line comes in to go on.
"""

import errno
import http.client
import json
import ssl
import sys
import time
import traceback
import urllib.parse
import urllib.request

settings = dict(a.split("=", 1) for a in sys.argv[1:])


def say(line):
    print(line, flush=True)


def number(name):
    return int(settings.get(name) or 0)


def pause(where):
    if where in settings.get("pause", "").split(","):
        say("@pause " + where)
        if not sys.stdin.readline():
            sys.exit(3)


def thrown(e):
    """The last lines that the interpreter prints for an exception that nobody catches."""
    say("@words " + json.dumps("".join(traceback.format_exception_only(type(e), e)).rstrip("\n")))
    seen = set()
    todo = [e]
    while todo:
        x = todo.pop()
        if x is None or id(x) in seen:
            continue
        seen.add(id(x))
        if isinstance(x, OSError) and not isinstance(x, ssl.SSLError) and x.errno in errno.errorcode:
            say(f"@errno {x.errno}")
            return
        todo += [x.__cause__, x.__context__, getattr(x, "reason", None)] + list(x.args)
        todo = [t for t in todo if isinstance(t, BaseException)]


def context():
    if not settings.get("ca"):
        return None
    ctx = ssl.create_default_context()
    for ca in settings["ca"].split(","):
        ctx.load_verify_locations(ca)
    return ctx


def pieces(n):
    for sent in range(0, n, 1024):
        if sent:
            time.sleep(number("upload-gap") / 1000)
        if sent == 1024:
            pause("upload")
        yield bytes(min(1024, n - sent))


def finish(status, read):
    """Reads the body with read(n), waiting once after its first bytes."""
    total = 0
    while True:
        data = read(4096)
        if not data:
            break
        if total == 0:
            pause("body")
        total += len(data)
    say(f"@result {status} {total}")


def http_client():
    u = urllib.parse.urlsplit(settings["url"])
    timeout = number("read-timeout") / 1000 or None
    if u.scheme == "https":
        c = http.client.HTTPSConnection(u.hostname, u.port, timeout=timeout, context=context())
    else:
        c = http.client.HTTPConnection(u.hostname, u.port, timeout=timeout)
    for i in range(number("times") or 1):
        if i:
            pause("idle")
        try:
            if c.sock is None:
                if number("connect-timeout"):
                    c.timeout = number("connect-timeout") / 1000
                c.connect()
            pause("connected")
            if number("upload"):
                n = number("upload")
                c.request("POST", u.path, body=pieces(n), headers={"Content-Length": str(n)})
            else:
                c.request("GET", u.path)
            r = c.getresponse()
            if r.getheader("Content-Length"):
                # read(n) of a cut body returns what there is; read() tells that it is cut
                pause("body")
                finish(r.status, lambda n: r.read())
            else:
                finish(r.status, r.read)
        except Exception as e:
            thrown(e)
            c.close()


def urllib_request():
    handlers = [urllib.request.ProxyHandler({"http": "http://" + settings["proxy"]} if settings.get("proxy") else {})]
    if context():
        handlers.append(urllib.request.HTTPSHandler(context=context()))
    opener = urllib.request.build_opener(*handlers)
    for i in range(number("times") or 1):
        if i:
            pause("idle")
        try:
            data = pieces(number("upload")) if number("upload") else None
            req = urllib.request.Request(settings["url"], data=data)
            if data:
                req.add_header("Content-Length", str(number("upload")))
            timeout = (number("connect-timeout") or number("read-timeout")) / 1000 or None
            with opener.open(req, timeout=timeout) as r:
                pause("body")
                finish(r.status, lambda n: r.read())
        except Exception as e:
            thrown(e)


def requests_session():
    import requests

    s = requests.Session()
    s.trust_env = False
    if settings.get("proxy"):
        s.proxies = {"http": "http://" + settings["proxy"], "https": "http://" + settings["proxy"]}
    if settings.get("ca"):
        s.verify = settings["ca"].split(",")[0]
    for i in range(number("times") or 1):
        if i:
            pause("idle")
        try:
            timeout = (number("connect-timeout") / 1000 or None, number("read-timeout") / 1000 or None)
            if number("upload"):
                n = number("upload")
                r = s.post(settings["url"], data=pieces(n), headers={"Content-Length": str(n)}, timeout=timeout, stream=True)
            else:
                r = s.get(settings["url"], timeout=timeout, stream=True)
            it = r.iter_content(4096)
            finish(r.status_code, lambda n: next(it, b""))
        except Exception as e:
            thrown(e)


def version():
    if settings["client"] == "requests":
        import requests
        import urllib3

        return f"requests {requests.__version__} (urllib3 {urllib3.__version__}, Python {sys.version.split()[0]})"
    return "Python " + sys.version.split()[0]


if settings.get("version"):
    print(version())
else:
    {"http.client": http_client, "urllib": urllib_request, "requests": requests_session}[settings["client"]]()
    pause("end")
