"""Bills and letters as PDF: typeset once out of what was kept at issue, and kept."""
