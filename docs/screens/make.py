"""Make the pictures of the documentation: the sample fleet in a real browser.

python docs/screens/make.py [FOLDER]
"""

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests
from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
WIDE, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
SHOTS = (
    ("overview", "/", WIDE, "light"),
    ("overview-dark", "/", WIDE, "dark"),
    ("environment", "/environments/production", WIDE, "light"),
    ("timeline", "/environments/staging/timeline?since={past}", WIDE, "light"),
    ("promotion", "/promotion", WIDE, "light"),
    ("vulnerability", "/vulnerabilities/CVE-2023-4863", WIDE, "light"),
    ("reports", "/reports", WIDE, "light"),
    ("phone", "/", PHONE, "light"),
)
_PAST = 130 * 86_400


def main() -> None:
    """Serve the sample fleet, wait until its worker has done everything, take the pictures."""
    into = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        argv = [Path(sys.executable).with_name("envscout"), "demo", "--serve", "--keep", folder, "--port", str(port)]
        process = subprocess.Popen(argv, stderr=subprocess.DEVNULL)
        try:
            _shoot(f"http://127.0.0.1:{port}", into)
        finally:
            process.terminate()
            process.wait()


def _shoot(base: str, into: Path) -> None:
    _await(base)
    past = time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(time.time() - _PAST))
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, path, size, scheme in SHOTS:
            page = browser.new_page(viewport=size, color_scheme=scheme)
            page.goto(base + path.format(past=past))
            page.screenshot(path=into / f"{name}.png")
            page.close()
        browser.close()


def _await(base: str) -> None:
    """Wait until policies were judged, which the worker does last."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        try:
            told = requests.get(base, headers={"Accept": "text/html"}, timeout=10).text
            if told.count("<dt>Policies</dt>") == 3:
                return
        except requests.RequestException:
            pass
        time.sleep(1)
    raise SystemExit("the sample fleet was not ready in time")


if __name__ == "__main__":
    main()
