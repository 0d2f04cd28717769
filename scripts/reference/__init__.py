"""One module for each generated page; each has `page()`, the page's Markdown."""
