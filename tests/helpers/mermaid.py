"""Mermaid, which draws the diagrams of the pages as GitHub does: fetched once with npm.

python tests/helpers/mermaid.py FILE.md FOLDER    draw its diagrams into FOLDER, to look at them
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

CACHE = Path(__file__).parents[2] / ".cache"
VERSION = "11.12.0"
SHA512 = "ZudVx73BwrMJfCFmSSJT84y6u5brEoV8DOItdHomNLz32uBjNrelm7mg95X7g+C6UoQH/W6mBLGDEDv73JdxBg=="
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((path for name in BROWSERS if (path := shutil.which(name))), "")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
BLOCK = re.compile(r"^```mermaid\n(.*?)^```$", re.DOTALL | re.MULTILINE)
DRAW = """async text => {
  mermaid.initialize({startOnLoad: false, securityLevel: "strict"});
  try {
    const {svg, diagramType} = await mermaid.render("diagram", text);
    document.body.innerHTML = svg;
    const labels = document.querySelectorAll("svg text, svg foreignObject");
    return {kind: diagramType, labels: [...labels].map(l => l.textContent.trim()).filter(Boolean)};
  } catch (error) {
    return {error: String(error)};
  }
}"""


def diagrams(text: str) -> list[str]:
    """The Mermaid blocks of a page."""
    return BLOCK.findall(text)


def script() -> Path:
    """`mermaid.min.js`, fetched once; what is fetched has the digest above or is refused."""
    found = CACHE / f"mermaid-{VERSION}" / "mermaid.min.js"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "mermaid.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another worker may be fetching it
        if not found.exists():
            if not shutil.which("npm"):
                pytest.skip("Mermaid is fetched with npm (Debian: apt-get install npm)")
            with tempfile.TemporaryDirectory(dir=CACHE) as place:
                _fetch(Path(place))
                found.parent.mkdir(exist_ok=True)
                (Path(place) / "mermaid.min.js").rename(found)
    return found


def _fetch(place: Path) -> None:
    command = ["npm", "pack", f"mermaid@{VERSION}", "--silent", "--pack-destination", str(place)]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"npm did not fetch Mermaid:\n{done.stderr}"
    packed = place / f"mermaid-{VERSION}.tgz"
    digest = base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode()
    assert digest == SHA512, f"npm fetched another mermaid {VERSION}: sha512 {digest}"
    with tarfile.open(packed) as archive:
        content = archive.extractfile("package/dist/mermaid.min.js")
        assert content
        (place / "mermaid.min.js").write_bytes(content.read())


class Drawing:
    """A page of a browser with Mermaid in it."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def draw(self, text: str) -> dict[str, Any]:
        """Draw a diagram: its `kind` and the texts in it, or `error`."""
        found: dict[str, Any] = self.page.evaluate(DRAW, text)
        return found


@contextmanager
def drawing():
    """Something that draws, without a network."""
    if not CHROMIUM:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    source = script()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        page = browser.new_context(offline=True, viewport={"width": 1012, "height": 800}).new_page()
        page.set_content("<body style='margin: 0; background: white'></body>")
        page.add_script_tag(path=source)
        yield Drawing(page)
        browser.close()


def main(file: str, folder: str) -> None:
    """Draw the diagrams of a page as pictures, as wide as GitHub shows them."""
    path = Path(file)
    with drawing() as made:
        for number, text in enumerate(diagrams(path.read_text()), 1):
            told = made.draw(text)
            picture = Path(folder) / f"{path.stem}-{number}.png"
            made.page.screenshot(path=picture, full_page=True)
            print(picture, told.get("error") or f"{told['kind']}, {len(told['labels'])} texts")


if __name__ == "__main__":
    main(*sys.argv[1:])
