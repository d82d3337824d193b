"""Figures as they come: a line of the table each, and all of them as JSON in the end."""
import json
import statistics

HEAD = (f"{'':<44} {'conns':>5} {'a second':>9}  {'least-most':<15} {'p50 ms':>8} {'p99 ms':>8} {'slowest client':>15}  "
        "ratio (least-most) to")


def middle(values):
    return statistics.median(values)


def number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


class Report:
    def __init__(self):
        self.rows, self.faults, self.name = [], 0, ""

    def section(self, name):
        """What comes now is of this part of the run, and says so in the JSON."""
        self.name = name

    def part(self, name):
        print(f"\n{name}\n{HEAD}" if name else "", flush=True)

    def add(self, what, runs, to=None, rate=lambda run: run.rate, to_rate=lambda run: run.rate, to_name="", faults=True):
        """A row of medians over runs of the load; `to`: as many of what they are held against, each beside its own."""
        rates = [rate(run) for run in runs]
        ratios = [rate(run) / max(to_rate(other), 1e-9) for run, other in zip(runs, to)] if to else []
        row = {"part": self.name, "what": what, "connections": runs[0].connections, "per_second": round(middle(rates), 1),
               "least": round(min(rates), 1), "most": round(max(rates), 1)}
        for share in ("p50", "p99", "p999", "most"):
            row[f"{share}_ms"] = round(middle(run.ms(share) for run in runs), 3)
        row["p99_ms_least"], row["p99_ms_most"] = (round(pick(run.ms("p99") for run in runs), 3) for pick in (min, max))
        closed = not runs[0].told["rate"]  # in an open loop connections have no turn of their own
        for which in ("slowest", "middle", "quickest") if closed else ():
            row[f"{which}_client"] = round(middle(getattr(run, which) for run in runs))
        if ratios:
            row.update(ratio_to=to_name, ratio=round(middle(ratios), 3), ratio_least=round(min(ratios), 3),
                       ratio_most=round(max(ratios), 3))
        row["faults"] = sum(run.faults for run in runs)
        self.faults += row["faults"] if faults else 0
        self.rows.append(row)
        ratio = f"{row['ratio']:.2f} ({row['ratio_least']:.2f}-{row['ratio_most']:.2f}) {to_name}" if ratios else ""
        fault = f"  {row['faults']} NOT ANSWERED AS IT SHOULD BE" if row["faults"] and faults else ""
        clients = f"{row['slowest_client']} of {row['middle_client']}" if closed else ""
        print(f"{what:<44} {row['connections']:>5} {number(row['per_second']):>9}  "
              f"{number(row['least']) + '-' + number(row['most']):<15} {row['p50_ms']:>8.2f} {row['p99_ms']:>8.2f} "
              f"{clients:>15}  {ratio}{fault}", flush=True)
        return row

    def figure(self, what, value, unit="", note="", **more):
        """A figure that is no load's."""
        self.rows.append({"part": self.name, "what": what, "value": value, "unit": unit, **({"note": note} if note else {}), **more})
        shown = value if isinstance(value, str) else number(value)
        print(f"{what:<44} {shown:>15} {unit}{'  ' if note else ''}{note}", flush=True)

    def write(self, path, about, doubts):
        with open(path, "w", encoding="utf-8") as out:
            json.dump({"about": about, "doubts": doubts, "figures": self.rows}, out, indent=1, ensure_ascii=False)
            out.write("\n")
