"""Measures Roster as docs/performance.md describes: `bin/bench --help`."""
