"""The measurements. Each returns {figure: [sample, ...]} of one manager; rows.py says what the figures are."""
import contextlib
import glob
import os
import shutil
import subprocess
import time

from system import MeasureError, Stopwatch, context_switches, end, memory, pids_under, stamps, wait_until

MIB = 1024 * 1024


class Bench:
    """The folder of one run, its programs, and how much is measured."""

    def __init__(self, folder, programs, quick):
        # The programs are copied into the folder: by that path each of their processes is known to be of this run.
        self.bin = os.path.join(folder, "bin")
        os.makedirs(self.bin)
        for program in programs:
            shutil.copy2(program, self.bin)
        self.folder = folder
        self.quick = quick
        self.stopwatch = Stopwatch(self.program("stopwatch"))

    def program(self, name):
        return os.path.join(self.bin, name)

    def times(self, manager, usual):
        """How many repetitions."""
        return max(1, usual // (4 if self.quick or manager.slow else 1))

    def apps(self):
        return pids_under(self.bin)

    def wait_for_apps(self, count):
        wait_until(lambda: len(self.apps()) == count, f"{count} apps running", 120)

    @contextlib.contextmanager
    def session(self, manager, apps):
        """The manager with these apps declared; nothing of it is left afterwards."""
        manager.declare(apps)
        try:
            yield
        finally:
            manager.shutdown()
            end(self.apps())
            wait_until(lambda: not self.apps(), "end of the apps")

    def start(self, manager, count):
        """Starts the declared apps and returns the milliseconds until all of them run."""
        command = manager.start_command()
        if command is None:
            begin = time.monotonic_ns()
            manager.launch()
            over = begin
        else:
            begin, over = self.stopwatch.time(command, manager.env, manager.home)
        if len(self.apps()) != count:
            self.wait_for_apps(count)
            over = time.monotonic_ns()
        return (over - begin) / 1e6


def crowd(bench, manager, count, figures):
    """`count` tiny apps: start, memory, idle, list, stop all."""
    samples = {}
    tiny = bench.program("tiny")
    repetitions = bench.times(manager, 5) if "start" in figures or "stop" in figures else 1
    for repetition in range(repetitions):
        with bench.session(manager, [(f"app-{i}", [tiny]) for i in range(count)]):
            manager.prepare()
            if count:
                samples.setdefault(f"start_{count}", []).append(bench.start(manager, count))
            elif manager.start_command() is None:
                manager.launch()
            if repetition == 0:
                time.sleep(3)  # what a start leaves to be done is over
                if "memory" in figures:
                    samples.update({f"{key}_{count}": [value]
                                    for key, value in memory(manager.supervisors()).items()})
                if "idle" in figures and count == 100:
                    samples["idle"] = [idle_switches(manager)]
                if "list" in figures and count:
                    samples[f"list_{count}"] = [
                        duration(bench, manager, manager.list_command()) for _ in range(bench.times(manager, 40))]
            if "stop" in figures and count and not (bench.quick and manager.slow):
                samples.setdefault(f"stop_{count}", []).append(stop_all(bench, manager))
    return samples


def idle_switches(manager):
    before = context_switches(manager.supervisors())
    time.sleep(10)
    return context_switches(manager.supervisors()) - before


def duration(bench, manager, command):
    begin, over = bench.stopwatch.time(command, manager.env, manager.home)
    return (over - begin) / 1e6


def stop_all(bench, manager):
    milliseconds = duration(bench, manager, manager.stop_all_command())
    if bench.apps():
        raise MeasureError("stop all returned, and apps were alive")
    return milliseconds


class Stamped:
    """One app that writes down each of its starts."""

    def __init__(self, bench, manager):
        self.file = os.path.join(bench.folder, f"stamps-{manager.name}")
        self.app = ("app", [bench.program("stamp"), self.file])

    def starts(self):
        return stamps(self.file)

    def wait_for_start(self, number):
        wait_until(lambda: len(self.starts()) >= number, f"start {number} of the app")
        return self.starts()[number - 1]


def cold_start(bench, manager):
    """From a command to main() of its app, where no daemon runs."""
    stamped = Stamped(bench, manager)
    samples = []
    for _ in range(bench.times(manager, 12)):
        number = len(stamped.starts()) + 1
        with bench.session(manager, [stamped.app]):
            command = manager.start_command()
            if command is None:
                begin = time.monotonic_ns()
                manager.launch()
            else:
                begin, _ = bench.stopwatch.time(command, manager.env, manager.home)
            samples.append((stamped.wait_for_start(number)[0] - begin) / 1e6)
    return {"cold_start": samples}


def one_app(bench, manager, figures):
    """`restart` until main() is reached again, beside it the command's own time, and kill -9 to the next main()."""
    stamped = Stamped(bench, manager)
    samples = {}
    with bench.session(manager, [stamped.app]):
        manager.prepare()
        number = len(stamped.starts()) + 1
        bench.start(manager, 1)
        stamped.wait_for_start(number)
        if "restart" in figures:
            for _ in range(bench.times(manager, 30)):
                time.sleep(manager.gap)
                number += 1
                begin, over = bench.stopwatch.time(manager.restart_command("app"), manager.env, manager.home)
                main_reached, _ = stamped.wait_for_start(number)
                samples.setdefault("restart", []).append((main_reached - begin) / 1e6)
                samples.setdefault("restart_command", []).append((over - begin) / 1e6)
        if "respawn" in figures:
            samples["respawn"] = respawns(bench, manager, stamped, number)
    return samples


def respawns(bench, manager, stamped, number):
    samples = []
    _, pid = stamped.wait_for_start(number)
    for _ in range(bench.times(manager, 40)):
        time.sleep(manager.gap)
        number += 1
        killed = time.monotonic_ns()
        end([pid])
        main_reached, pid = stamped.wait_for_start(number)
        samples.append((main_reached - killed) / 1e6)
    return samples


LOG_FIGURES = {"log_blocks": (512 * MIB, 64 * 1024), "log_lines": (128 * MIB, 100)}


def writer(bench, figure, begin_file):
    total, block = LOG_FIGURES[figure]
    if bench.quick:
        total //= 4
    return total, [bench.program("writer"), begin_file, str(total), str(block)]


def files_of(log):
    """A log and what has been put aside of it."""
    return glob.glob(glob.escape(log) + "*")


def throughput(begin_file, log, total):
    """MiB/s from the writer's first write to the log's last byte."""
    def size():
        return sum(os.path.getsize(file) for file in files_of(log))
    wait_until(lambda: size() >= total, f"{total} bytes in the log", 120)
    over = time.monotonic_ns()
    with open(begin_file, encoding="ascii") as file:
        begin = int(file.read())
    return total / MIB / ((over - begin) / 1e9)


def log_throughput(bench, manager):
    samples = {}
    if manager.log_of("writer") is None:
        return samples
    begin_file = os.path.join(bench.folder, "writer-began")
    log = manager.log_of("writer")
    for figure in LOG_FIGURES:
        for _ in range(bench.times(manager, 5)):
            total, command = writer(bench, figure, begin_file)
            with bench.session(manager, [("writer", command)]):
                manager.prepare()
                bench.start(manager, 1)
                samples.setdefault(figure, []).append(throughput(begin_file, log, total))
            for file in files_of(log):
                os.remove(file)
    return samples


class Limit:
    """What no manager beats: bare loops."""

    name = "limit"
    slow = False
    gap = 0.05


def limits(bench, figures):
    samples = {}
    tiny = bench.program("tiny")
    if "list" in figures:
        samples["list_100"] = samples["list_1000"] = [
            (over - begin) / 1e6 for begin, over in
            (bench.stopwatch.time([tiny, "exit"], os.environ, bench.folder) for _ in range(40))]
    if "start" in figures:
        for count in (100, 1000):
            samples[f"start_{count}"] = [
                int(subprocess.run([bench.program("spawn_limit"), str(count), tiny], capture_output=True,
                                   text=True, timeout=60, check=True).stdout) / 1e6 for _ in range(5)]
    if "respawn" in figures:
        stamped = Stamped(bench, Limit)
        loop = subprocess.Popen([bench.program("respawn_limit"), *stamped.app[1]])
        try:
            samples["respawn"] = respawns(bench, Limit, stamped, 1)
        finally:
            loop.kill()
            loop.wait()
            end(bench.apps())
    if "logs" in figures:
        samples.update(pipe_throughput(bench, [bench.program("rw_limit")], to_argument=True))
        samples.update({f"{figure}_cat": values
                        for figure, values in pipe_throughput(bench, ["cat"], to_argument=False).items()})
    return samples


def pipe_throughput(bench, copier, to_argument):
    samples = {}
    begin_file = os.path.join(bench.folder, "writer-began")
    log = os.path.join(bench.folder, "copy.log")
    for figure in LOG_FIGURES:
        for _ in range(bench.times(Limit, 5)):
            total, command = writer(bench, figure, begin_file)
            with open(log, "wb") as file:
                source = subprocess.Popen(command, stdout=subprocess.PIPE)
                copy = subprocess.Popen(copier + [log] * to_argument, stdin=source.stdout,
                                        stdout=subprocess.DEVNULL if to_argument else file)
                source.stdout.close()
            try:
                samples.setdefault(figure, []).append(throughput(begin_file, log, total))
            finally:
                for process in (source, copy):
                    process.kill()
                    process.wait()
            for file in files_of(log):
                os.remove(file)
    return samples


def measure(bench, manager, figures):
    """Everything that is asked for; what fails is left out and said. Returns (samples, [complaint, ...])."""
    samples, complaints = {}, []

    def attempt(what, function, *arguments):
        try:
            samples.update(function(*arguments))
        except (MeasureError, OSError, subprocess.SubprocessError) as error:
            complaints.append(f"{manager.name}: {what}: {error}")

    if manager is Limit:
        attempt("limits", limits, bench, figures)
        return samples, complaints
    for count in (0, 100, 1000):
        wanted = {0: {"memory"}, 100: {"memory", "idle", "list", "start"},
                  1000: {"memory", "list", "start", "stop"}}[count] & figures
        if wanted and not (bench.quick and manager.slow and count == 1000):
            attempt(f"{count} apps", crowd, bench, manager, count, wanted)
    if "cold-start" in figures:
        attempt("cold start", cold_start, bench, manager)
    if figures & {"restart", "respawn"}:
        attempt("one app", one_app, bench, manager, figures)
    if "logs" in figures:
        attempt("logs", log_throughput, bench, manager)
    return samples, complaints
