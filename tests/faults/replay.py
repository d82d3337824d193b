"""What a power cut can leave on a disk, made from what recorder.so has written down.

The numbers are those of the shared order: each call has one from before it began and one from after it ended. A crash
at n has seen every call that began by n. Of these, what a sync that ended by n covers is on disk: a write or a change
of size that had ended when a sync of the file began, a write through O_DSYNC that has ended, a name that had been made
or removed when a sync of its folder began. Everything else may be there or not, a write in any of its sectors: the
weakest disk that POSIX allows, weaker than ext4 or XFS.
"""
import bisect
import glob
import mmap
import os
import struct

WRITE, WRITE_SYNCED, TRUNCATE, SYNC, SYNC_FOLDER, CREATE, MAKE_FOLDER, UNLINK, RENAME = range(1, 10)
HEAD = struct.Struct("=QQQQII")
SECTOR = 512
NEVER = float("inf")
FOLDER = "folder"


class Order:
    """The folder of the logs, and the counter that all who take part share."""

    def __init__(self, folder):
        self.folder = folder
        with open(os.path.join(folder, "order"), "w+b") as out:
            out.truncate(mmap.PAGESIZE)
            self.number = memoryview(mmap.mmap(out.fileno(), mmap.PAGESIZE)).cast("Q")

    def now(self):
        return self.number[0]


class Step:
    def __init__(self, begin, end, offset, kind, path, data):
        self.begin, self.end, self.offset, self.kind, self.path, self.data = begin, end, offset, kind, path, data
        self.name = data.decode() if kind == RENAME else path  # which name is there, or gone, afterwards
        self.file = None    # what it changes or syncs, when that is a file
        self.sure = NEVER   # the number from which on it is certainly on disk


class File:
    """Its changes in order; `kept` is what the first `done` of them, all sure, come to."""

    def __init__(self):
        self.changes, self.kept, self.done = [], bytearray(), 0

    def content(self, crash, cut):
        while self.done < len(self.changes) and self.changes[self.done].sure <= crash:
            apply(self.kept, self.changes[self.done], None)
            self.done += 1
        found = bytearray(self.kept)
        for change in self.changes[self.done:]:
            if change.begin > crash:
                break
            if change.sure <= crash:
                apply(found, change, None)
            elif cut.takes():
                apply(found, change, cut)
        return found


def put(content, at, data):
    if len(content) < at:
        content.extend(bytes(at - len(content)))
    content[at:at + len(data)] = data


def apply(content, change, cut):
    if change.kind == TRUNCATE:
        del content[change.offset:]
        put(content, change.offset, b"")
    elif cut is None or not cut.tears:
        put(content, change.offset, change.data)
    else:
        at, end = change.offset, change.offset + len(change.data)
        while at < end:
            to = min(end, (at // SECTOR + 1) * SECTOR)
            if cut.chance():
                put(content, at, change.data[at - change.offset:to - change.offset])
            at = to


class Cut:
    """Which of the changes that nobody promised are there."""
    KINDS = ("none", "all", "some", "torn")

    def __init__(self, kind, random):
        self.kind, self.random = kind, random
        self.share = random.choice((0.1, 0.5, 0.9))
        self.tears = kind == "torn"

    def chance(self):
        return self.random.random() < self.share

    def takes(self):
        return {"none": False, "all": True, "torn": True}.get(self.kind, self.kind == "some" and self.chance())

    def takes_name(self):
        return self.chance() if self.tears else self.takes()


class Recording:
    """`lies`: of a step, whether the disk only says that it synced."""

    def __init__(self, folder, root, lies=lambda step: False):
        self.root = root
        self.steps = sorted((step for path in glob.glob(os.path.join(folder, "*.log")) for step in read(path)),
                            key=lambda step: step.begin)
        self.files = []
        self.names = [step for step in self.steps if step.kind in (CREATE, MAKE_FOLDER, UNLINK, RENAME)]
        self.attach()
        self.make_sure([step for step in self.steps if not lies(step)])

    def attach(self):
        """Finds the file that each step changes, by the names of its moment."""
        live = {}
        for step in self.steps:
            if step.kind == CREATE:
                live[step.path] = step.file = File()
                self.files.append(step.file)
            elif step.kind == UNLINK:  # or a socket, or a folder
                live.pop(step.path, None)
            elif step.kind == RENAME:
                live[step.name] = step.file = live.pop(step.path)
            elif step.kind in (WRITE, WRITE_SYNCED, TRUNCATE, SYNC):
                step.file = live[step.path]
                if step.kind != SYNC:
                    step.file.changes.append(step)

    def make_sure(self, honest):
        syncs = {}  # of a file or the path of a folder: begins, and the earliest end of that sync and all later ones
        for step in honest:
            if step.kind in (SYNC, SYNC_FOLDER):
                syncs.setdefault(step.file or step.path, []).append(step)
            elif step.kind == WRITE_SYNCED:
                step.sure = step.end
        for of, found in syncs.items():
            ends, least = [], NEVER
            for step in reversed(found):
                least = min(least, step.end)
                ends.append(least)
            syncs[of] = [step.begin for step in found], ends[::-1]
        for file in self.files:
            self.cover(file.changes, lambda step: syncs.get(step.file))
        self.cover(self.names, lambda step: syncs.get(os.path.dirname(step.name)))

    @staticmethod
    def cover(changes, syncs_of):
        for step in changes:
            begins, ends = syncs_of(step) or ((), ())
            first = bisect.bisect_right(begins, step.end)
            if first < len(ends):
                step.sure = min(step.sure, ends[first])

    def points(self):
        """Every number at which something changes."""
        return sorted({number for step in self.steps for number in (step.begin, step.end)})

    def commits(self, path):
        """For each commit to that store: the numbers from its first write to behind its last one."""
        found, first = [], None
        for step in self.steps:
            if step.path == path and step.kind in (WRITE, SYNC, WRITE_SYNCED):
                first = step.begin if first is None else first
                if step.kind == WRITE_SYNCED:
                    found.append((first, step.end + 1))
                    first = None
        return found

    def left(self, crash, cut):
        """The tree after a crash there: by path, FOLDER or bytes. Crashes are to be asked for in rising order."""
        there = {os.path.dirname(self.root): FOLDER}
        for step in self.names:
            if step.begin > crash:
                break
            if step.sure > crash and not cut.takes_name() or os.path.dirname(step.name) not in there:
                continue
            if step.kind == UNLINK and any(path.startswith(step.path + "/") for path in there):
                continue  # no disk removes a folder with something in it
            if step.kind in (UNLINK, RENAME):
                there.pop(step.path, None)
            if step.kind != UNLINK:
                there[step.name] = step.file or FOLDER
        del there[os.path.dirname(self.root)]
        return {path: what if what is FOLDER else what.content(crash, cut) for path, what in there.items()}

    def lay_down(self, tree, folder):
        """Writes that tree, the recorded folder's name replaced by `folder`."""
        for path, what in tree.items():
            path = folder + path[len(self.root):]
            if what is FOLDER:
                os.mkdir(path)
            else:
                with open(path, "wb") as out:
                    out.write(what)


def read(path):
    with open(path, "rb") as source:
        log = source.read()
    at = 0
    while at < len(log):
        begin, end, offset, size, kind, name = HEAD.unpack_from(log, at)
        at += HEAD.size
        data = log[at + name:at + name + size]
        yield Step(begin, end, offset, kind, log[at:at + name].decode(), data)
        at += name + size
