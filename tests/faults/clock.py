"""The wall clock of programs that run behind clock.so."""
import mmap
import os
import struct
import tempfile


class Clock:
    def __init__(self):
        handle, self.path = tempfile.mkstemp(prefix="zp-clock-")
        os.ftruncate(handle, mmap.PAGESIZE)
        self.map = mmap.mmap(handle, mmap.PAGESIZE)
        os.close(handle)

    def step(self, seconds):
        """From now on it is so far from the machine's; 0: right."""
        struct.pack_into("=q", self.map, 0, int(seconds * 1e9))

    def discard(self):
        self.map.close()
        os.unlink(self.path)
