#!/usr/bin/python3
"""Draws throughput and p99 against concurrency out of the JSON of tests/bench/run.

usage: tests/bench/plot.py FIGURES.json [concurrency.svg]

Medians with least and most. Needs python3-matplotlib (docker/install bench). The same figures give the same bytes.
"""
import json
import os
import sys

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402

SERIES = (("echo POST, kept connections", "echo, kept connections (no disk)", "#888888", "o"),
          ("echo POST, a connection each", "echo, a connection each (no disk)", "#bbbbbb", "s"),
          ("accepted and durable", "Ziping", "#c0392b", "o"),
          ("accepted by the peer", "Go + Redis, appendfsync always", "#2471a3", "^"),
          ("accepted by the peer behind the same nginx", "the same behind nginx", "#85b8d8", "v"))
WIDTH, HEIGHT = 10, 4.2


def rows_of(figures, what):
    rows = [row for row in figures if row.get("part") == "rates" and row["what"] == what]
    return sorted(rows, key=lambda row: row["connections"])


def draw(axes, rows, middle, least, most, style):
    name, colour, marker = style
    x, y = [row["connections"] for row in rows], [row[middle] for row in rows]
    spread = [[value - row[least] for value, row in zip(y, rows)], [row[most] - value for value, row in zip(y, rows)]]
    axes.errorbar(x, y, yerr=spread, label=name, color=colour, marker=marker, markersize=4, linewidth=1.4, capsize=2)
    axes.set_xticks(x, [str(c) for c in x])


def main():
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as source:
        figures = json.load(source)["figures"]
    pyplot.rcParams.update({"svg.hashsalt": "ziping", "font.size": 9, "axes.grid": True, "grid.alpha": 0.3})
    picture, (rate, time) = pyplot.subplots(1, 2, figsize=(WIDTH, HEIGHT))
    for axes, title in ((rate, "forms a second"), (time, "p99, ms")):
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_xlabel("connections")
        axes.set_title(title)
    found = False
    for what, *style in SERIES:
        if rows := rows_of(figures, what):
            draw(rate, rows, "per_second", "least", "most", style)
            draw(time, rows, "p99_ms", "p99_ms_least", "p99_ms_most", style)
            found = True
    if not found:
        sys.exit(f"{sys.argv[1]} has no figures of the part `rates`")
    for axes in (rate, time):
        axes.minorticks_off()
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    rate.legend(frameon=False)
    picture.tight_layout()
    target = sys.argv[2] if len(sys.argv) > 2 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "concurrency.svg")
    picture.savefig(target, metadata={"Date": None})


if __name__ == "__main__":
    main()
