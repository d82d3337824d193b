"""Starting a program behind one of the shims of this folder."""
import os

from actors import BUILD

RECORDER, FAILING, CLOCK = (os.path.join(BUILD, "tests", "faults", f"{name}.so") for name in ("recorder", "failing", "clock"))


def preloaded(*shims, **more):
    """The environment for that, whatever the program was built with."""
    asan = ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0")))
    return {"LD_PRELOAD": " ".join(shims), "ASAN_OPTIONS": asan, **more}
