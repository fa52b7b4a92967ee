"""The rows of the result: what is to be reached, and how it is printed."""
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Row:
    group: str  # as in `--only`
    figure: str
    what: str
    unit: str
    reach: float | None = None  # in `unit`
    of_limit: float | None = None  # the same as a multiple of the limit measured in this run
    more_is_better: bool = False


ROWS = [
    Row("memory", "pss_0", "memory, no app (PSS)", "MiB"),
    Row("memory", "pss_100", "memory, 100 apps (PSS)", "MiB", reach=8),
    Row("memory", "rss_100", "  RSS", "MiB"),
    Row("memory", "anonymous_100", "  anonymous", "MiB"),
    Row("memory", "pss_1000", "memory, 1,000 apps (PSS)", "MiB", reach=14),
    Row("memory", "rss_1000", "  RSS", "MiB"),
    Row("memory", "anonymous_1000", "  anonymous", "MiB"),
    Row("idle", "idle", "context switches in 10 s, 100 idle apps", "", reach=0),
    Row("list", "list_100", "list, 100 apps", "ms", reach=1.5),
    Row("list", "list_1000", "list, 1,000 apps", "ms", reach=10),
    Row("cold-start", "cold_start", "no daemon to the first app's main()", "ms", reach=6),
    Row("start", "start_100", "start of 100, all running", "ms"),
    Row("start", "start_1000", "start of 1,000, all running", "ms", of_limit=3),
    Row("stop", "stop_1000", "stop all, 1,000 apps", "ms", reach=150),
    Row("restart", "restart", "restart of one, running again", "ms", reach=2),
    Row("restart", "restart_command", "  the command's own time (--no-wait)", "ms"),
    Row("respawn", "respawn", "kill -9 to the next main()", "ms", reach=1.5),
    Row("logs", "log_blocks", "log, 64 KiB writes", "MiB/s", of_limit=0.85, more_is_better=True),
    Row("logs", "log_blocks_cat", "  cat from the same pipe", "MiB/s", more_is_better=True),
    Row("logs", "log_lines", "log, a write for each 100-byte line", "MiB/s", reach=270, more_is_better=True),
    Row("logs", "log_lines_cat", "  cat from the same pipe", "MiB/s", more_is_better=True),
]

GROUPS = list(dict.fromkeys(row.group for row in ROWS))


def number(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"


def target(row, limit):
    """What is to be reached in this run, in the row's unit; None where nothing is."""
    if row.of_limit is not None and limit is not None:
        return row.of_limit * limit
    return row.reach


def result(row, samples):
    """One row as a dictionary: medians by name, target, ratio to PM2, and whether the target was met (None: not
    known)."""
    medians = {name: median(of_one[row.figure]) for name, of_one in samples.items() if of_one.get(row.figure)}
    ours, pm2 = medians.get("procvisor"), medians.get("pm2")
    goal = target(row, medians.get("limit"))
    met = None
    if ours is not None and goal is not None:
        met = ours >= goal if row.more_is_better else ours <= goal
    ratio = None
    if ours and pm2:
        ratio = ours / pm2 if row.more_is_better else pm2 / ours
    return {"group": row.group, "figure": row.figure, "what": row.what, "unit": row.unit, "medians": medians,
            "reach": goal, "times_better_than_pm2": ratio, "met": met}


def table(results, names):
    """The results as text: one line a row, one column a manager."""
    head = ["", "unit", "reach", *names, "x PM2", ""]
    lines = [[entry["what"], entry["unit"], number(entry["reach"]),
              *(number(entry["medians"].get(name)) for name in names),
              number(entry["times_better_than_pm2"]),
              {True: "met", False: "MISSED", None: ""}[entry["met"]]]
             for entry in results if entry["medians"]]
    widths = [max(len(line[column]) for line in [head, *lines]) for column in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) if column < 2 else cell.rjust(width)
                               for column, (cell, width) in enumerate(zip(line, widths))).rstrip()
                     for line in [head, *lines])
