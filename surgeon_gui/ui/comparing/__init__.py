"""The page that compares two graphs: side by side, and merged into one."""
