"""Reports of an evaluation: `tables` as text and Markdown, `page` as report.html, `picture` as report.png."""
