"""What people read of an evaluation: `tables` are text and Markdown, `page` is report.html, `picture` report.png."""
