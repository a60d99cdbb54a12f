"""A million tiny files pass by in bounded memory."""

import json
import subprocess
import sys
from pathlib import Path

# In a process of its own, so that its peak is its own. The layer is made as it is read, and lies nowhere whole.
SCRIPT = """
import json, resource, sys
from envscout.images.contents import Budget, Interest
from envscout.images.layer import scan

COUNT = int(sys.argv[1])

def members():
    import tarfile
    info = tarfile.TarInfo("srv/data/000/file-0000000")
    info.size = 1
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    zeros, total = sum(b"000" + b"0000000"), int(header[148:154], 8)
    for start in range(0, COUNT, 1000):
        parts = []
        for one in range(start, start + 1000):
            header[9:12], header[18:25] = folder, name = b"%03d" % (one % 997), b"%07d" % one
            header[148:154] = b"%06o" % (total - zeros + sum(folder) + sum(name))
            parts += (bytes(header), b"x", bytes(511))
        yield b"".join(parts)
    yield bytes(1024)

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
one = Interest(lambda path: "x" if path.endswith("-0000005") else "", lambda _path, data: data)
found = scan(members(), one, Budget())
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"entries": len(found.entries), "files": len(found.files), "growth_kib": after - before,
                  "problems": [problem.code for problem in found.problems]}))
"""


def test_a_million_tiny_files(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT, "1000000"], capture_output=True, check=True, timeout=300)
    found = json.loads(done.stdout)
    assert (found["entries"], found["files"], found["problems"]) == (1_000_000, 1, [])
    assert found["growth_kib"] < 100 * 1024
