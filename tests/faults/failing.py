"""Orders to failing.so: which calls to one file are to fail. The programs share them with the test and see each change."""
import mmap
import os
import struct
import tempfile

PAGES, SYNC, META = 1, 2, 4  # LMDB's calls in a commit, in their order
SHORT_WRITE = 0
FOR_EVER = 1 << 30
ORDERS = struct.Struct("=IIIiiII1000s")  # calls, error, done, skip, times, gone, failed, file


class Faults:
    def __init__(self):
        handle, self.path = tempfile.mkstemp(prefix="zp-faults-")
        os.ftruncate(handle, mmap.PAGESIZE)
        self.map = mmap.mmap(handle, mmap.PAGESIZE)
        os.close(handle)

    def give(self, file, calls, error, skip=0, times=1, done=False, gone=False):
        """From now on: that file's calls of these kinds fail with errno, `times` of them after `skip` that go well. The
        first one is `done` all the same; with it the disk is `gone`: all other calls fail as well."""
        self.heal()
        ORDERS.pack_into(self.map, 0, 0, error, done, skip, FOR_EVER if gone else times, gone, 0, file.encode())
        struct.pack_into("=I", self.map, 0, calls)  # last: what is seen together with it is whole

    def heal(self):
        struct.pack_into("=I", self.map, 0, 0)

    def failed(self):
        """How many calls have failed by these orders."""
        return ORDERS.unpack_from(self.map)[6]

    def discard(self):
        self.map.close()
        os.unlink(self.path)
