"""What bench/ reads from the system: processes by their executable, memory, context switches, time."""
import contextlib
import os
import signal
import subprocess
import time


class MeasureError(Exception):
    """Something did not do what it was to be timed at."""


def wait_until(condition, what, seconds=30.0):
    """Polls, for what no process tells us; every figure comes from time stamps, not from when this returns."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise MeasureError(f"{what}: not within {seconds:g} s")
        time.sleep(0.001)


def pids_under(folder):
    """The processes whose executable lies in this folder."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            if executable(entry).startswith(folder + "/"):
                found.append(int(entry))
    return found


def children_of(parent):
    """The pids of the direct children."""
    with open(f"/proc/{parent}/task/{parent}/children", encoding="ascii") as file:
        return [int(pid) for pid in file.read().split()]


def executable(pid):
    """Its path; nothing for a process that is over."""
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""


def end(pids, number=signal.SIGKILL):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def memory(pids):
    """Sums over the processes, in MiB: pss, rss, anonymous."""
    keys = {"Pss:": "pss", "Rss:": "rss", "Pss_Anon:": "anonymous"}
    sums = dict.fromkeys(keys.values(), 0.0)
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            for line in file:
                words = line.split()
                if words[0] in keys:
                    sums[keys[words[0]]] += int(words[1]) / 1024
    return sums


def context_switches(pids):
    """Sum over all threads of the processes, voluntary or not."""
    total = 0
    for pid in pids:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/status", encoding="ascii") as file:
                total += sum(int(line.split()[1]) for line in file if "ctxt_switches" in line)
    return total


def run(command, env, cwd, seconds=600):
    """Runs a command to its end; its output appears only in the error when it fails."""
    done = subprocess.run(command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=seconds, check=False)
    if done.returncode != 0:
        last_lines = done.stdout.decode(errors="replace").strip()[-300:]
        raise MeasureError(f"{' '.join(command[:3])} ... exited with {done.returncode}: {last_lines}")


class Stopwatch:
    """Times commands with bench/stopwatch.c."""

    def __init__(self, program):
        self.program = program

    def time(self, command, env, cwd, seconds=600):
        """When it began and was over, in nanoseconds of CLOCK_MONOTONIC."""
        done = subprocess.run([self.program, *command], env=env, cwd=cwd, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=seconds, check=False)
        if done.returncode != 0 or not done.stdout:
            raise MeasureError(f"{command[0]} could not be timed")
        begin, over, code = map(int, done.stdout.split())
        if code != 0:
            raise MeasureError(f"{' '.join(command[:3])} ... exited with {code}: {done.stderr.strip()[-300:]}")
        return begin, over


def stamps(path):
    """(time in nanoseconds, pid) of each start of bench/stamp.c, oldest first."""
    try:
        with open(path, encoding="ascii") as file:
            return [tuple(map(int, line.split())) for line in file]
    except FileNotFoundError:
        return []
