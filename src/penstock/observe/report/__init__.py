"""The HTML report of a run: one static file that needs no network.

The page's parts are hand-written package files: `page.html`, `style.css` and `script/*.js`,
put together by `penstock.observe.report.page`.
"""

from __future__ import annotations

from penstock.observe.report.page import render

__all__ = ["render"]
