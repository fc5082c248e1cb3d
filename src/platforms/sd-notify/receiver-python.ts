// The receiver of sd_notify messages as a program for Python, where there is no Perl.

/** Does what the one in Perl does, order by order; the same tests hold both. */
export const receiverInPython: string = String.raw`# homeostat: hears what services say by sd_notify(3)
import os, re, select, signal, socket, stat, sys, time

LONGEST, AT_ONCE, GAP, UNREAD = 4096, 64, 0.1, 16 * 1024 * 1024
if len(sys.argv) != 3 or sys.argv[1] != "--socket":
    sys.exit("usage: --socket PATH")
path = sys.argv[2]
by_name, by_fd, now = {}, {}, time.monotonic
daemon, inn, out = None, b"", b""
poll = select.poll()

def word(text):
    return b"".join(bytes([c]) if 0x20 < c < 0x7F and c != 0x25 else b"%%%02x" % c for c in text) or b"%"

def unword(text):
    return re.sub(rb"%([0-9a-fA-F]{2})?", lambda m: bytes([int(m[1], 16)]) if m[1] else b"", text)

def ago(at):
    return int((now() - at) * 1000 + 0.5)

def is_socket(where):
    try:
        return stat.S_ISSOCK(os.lstat(where).st_mode)
    except OSError:
        return False

def bind_to(kind, where):
    one = socket.socket(socket.AF_UNIX, kind)
    one.setblocking(False)
    before = os.umask(0o177)
    try:
        one.bind(where)
    finally:
        os.umask(before)
    return one

def open_door():
    try:
        one = bind_to(socket.SOCK_STREAM, path)
    except OSError:
        other = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        if other.connect_ex(path) == 0:
            raise
        os.unlink(path)
        one = bind_to(socket.SOCK_STREAM, path)
    one.listen(16)
    poll.register(one, select.POLLIN)
    return one

def leave(*_):
    for where in [each["path"] for each in by_name.values()] + [path]:
        try:
            os.unlink(where)
        except OSError:
            pass
    os._exit(0)

def part():
    global daemon
    if daemon:
        poll.unregister(daemon)
        daemon.close()
        daemon = None

def greet():
    global daemon, inn, out
    fresh, _ = door.accept()
    part()
    daemon = fresh
    daemon.setblocking(False)
    inn, out = b"", b"hello 1 %d\n" % os.getpid()
    for s in by_name.values():
        hear(s, 2048)
        report(s)
    push_out()

def push_out():
    global out
    while daemon and out:
        try:
            out = out[daemon.send(out):]
        except BlockingIOError:
            if len(out) > UNREAD:
                part()
            break
        except OSError:
            part()
    if daemon:
        poll.register(daemon, select.POLLIN | (select.POLLOUT if out else 0))

def report(s):
    global out
    s["news"], s["told"] = False, now()
    if not daemon:
        return
    words = [b"said", word(s["name"]), word(s["run"])]
    if "phase" in s:
        words.append(b"phase=%s/%d" % (s["phase"], ago(s["phase_at"])))
    words += [b"%s=%d" % (key.encode(), ago(s[key])) for key in ("ready", "watchdog", "trigger") if key in s]
    if "within" in s:
        words.append(b"within=%d" % s["within"])
    if "extend" in s:
        words.append(b"extend=%d/%d" % (ago(s["extend_at"]), s["extend"]))
    if "status" in s:
        words.append(b"status=" + word(s["status"]))
    if "mainpid" in s:
        words.append(b"mainpid=1")
    if s["bad"]:
        words.append(b"bad=%d" % s["bad"])
    out += b" ".join(words) + b"\n"

def fresh(s, run):
    kept = {key: s[key] for key in ("name", "path", "fd")}
    s.clear()
    s.update(kept, run=run, bad=0, news=False, told=0.0)

def hear(s, most):
    at = now()
    for _ in range(most):
        try:
            text = s["fd"].recv(LONGEST + 1)
        except OSError:
            return
        if text.endswith(b"\0"):
            text = text[:-1]
        if len(text) > LONGEST or b"\0" in text:
            s["bad"], s["news"] = s["bad"] + 1, True
            continue
        for line in text.split(b"\n"):
            if line == b"WATCHDOG=1":
                s["watchdog"] = at
                continue
            key, _, value = line.partition(b"=")
            number = int(value) // 1000 if re.fullmatch(rb"[0-9]{1,15}", value) else None
            if line in (b"READY=1", b"RELOADING=1", b"STOPPING=1"):
                s["phase"], s["phase_at"] = key.lower(), at
                if key == b"READY":
                    s["ready"] = at
            elif key == b"STATUS":
                s["status"] = value[:1000]
            elif line == b"WATCHDOG=trigger":
                s["trigger"] = at
            elif key == b"WATCHDOG_USEC" and number is not None:
                s["within"] = number
            elif key == b"EXTEND_TIMEOUT_USEC" and number is not None:
                s["extend"], s["extend_at"] = number, at
            elif key == b"MAINPID":
                s["mainpid"] = True
            else:
                continue
            s["news"] = True

def bind_one(name, where, uid, gid):
    s = by_name.get(name)
    if s and s["path"] == where and is_socket(where):
        return None
    if s:
        poll.unregister(s["fd"])
        del by_fd[s["fd"].fileno()]
        s["fd"].close()
    try:
        if is_socket(where):
            os.unlink(where)
        fd = bind_to(socket.SOCK_DGRAM, where)
        if uid >= 0:
            os.chown(where, uid, gid)
    except OSError as error:
        by_name.pop(name, None)
        return b"bind %s: %s" % (where, str(error).encode())
    known = s is not None
    s = s if known else {}
    s.update(name=name, path=where, fd=fd)
    if not known:
        fresh(s, b"")
    by_name[name] = by_fd[fd.fileno()] = s
    poll.register(fd, select.POLLIN)
    return None

def obey(line):
    global out
    order, id, *rest = line.split(b" ") + [b""]
    if not id.isdigit():
        return part()
    if order == b"stop":
        leave()
    name, why = unword(rest[0]), None
    s = by_name.get(name)
    if order == b"bind":
        why = bind_one(name, unword(rest[1]), int(rest[2]), int(rest[3]))
    elif order == b"ping":
        pass
    elif s is None:
        why = b"there is no socket of " + name
    elif order == b"begin":
        hear(s, 2048)
        fresh(s, unword(rest[1]))
    elif order == b"sync":
        hear(s, 2048)
        report(s)
    else:
        why = b"there is no order " + order
    out += b"done %s\n" % id if why is None else b"failed %s %s\n" % (id, word(why))

def listen_to_daemon():
    global inn
    try:
        got = daemon.recv(65536)
    except BlockingIOError:
        return
    except OSError:
        got = b""
    inn += got
    if not got or len(inn) > 1048576:
        return part()
    *lines, inn = inn.split(b"\n")
    for line in lines:
        if daemon:
            obey(line)

for ignored in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
    signal.signal(ignored, signal.SIG_IGN)
signal.signal(signal.SIGTERM, leave)
door = open_door()
inode = os.stat(path).st_ino
look = now() + 60
while True:
    due, at = look, now()
    for s in by_name.values():
        if s["news"] and at >= s["told"] + GAP:
            report(s)
        elif s["news"]:
            due = min(due, s["told"] + GAP)
    push_out()
    for fd, _ in poll.poll(max(0, (due - now()) * 1000)):
        if fd == door.fileno():
            greet()
        elif daemon and fd == daemon.fileno():
            listen_to_daemon()
        elif fd in by_fd:
            hear(by_fd[fd], AT_ONCE)
    if now() >= look:
        look = now() + 60
        if not os.path.exists(path) or os.stat(path).st_ino != inode:
            os._exit(0)
`;
