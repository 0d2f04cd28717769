"""Takes the pictures of the run report for README and docs, of the latest run of the example.

    python scripts/demo.py && python scripts/report_images.py [report.html]

Needs Chromium and the package playwright (the dev group brings it).
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
RUNS = ROOT / "examples" / "flights" / ".penstock" / "runs"
IMAGES = ROOT / "docs" / "images"
SHOTS = (  # name, width, height, colour scheme
    ("report-light", 1440, 900, "light"),
    ("report-dark", 1440, 900, "dark"),
    ("report-narrow", 390, 844, "light"),
)
COLUMN = "#node=dataset%3Adelays&column=avg_arr_delay"


def main() -> None:
    """Write every picture."""
    pages = [Path(a).resolve() for a in sys.argv[1:]] or sorted(RUNS.glob("*/report.html"))
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not pages or not chromium:
        sys.exit("run the example first (make demo), and install Chromium")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, width, height, scheme in SHOTS:
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme=scheme,  # type: ignore[arg-type]
                device_scale_factor=2,
                offline=True,
            )
            page = context.new_page()
            page.goto(pages[-1].as_uri() + COLUMN)
            page.screenshot(path=IMAGES / f"{name}.png")
            context.close()
        browser.close()


if __name__ == "__main__":
    main()
