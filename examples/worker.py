"""The worker of examples/ecosystem.json: takes a job every few seconds, and finishes it when it is asked to stop."""
import argparse
import os
import signal
import threading

parser = argparse.ArgumentParser()
parser.add_argument("--queue", required=True)
queue = parser.parse_args().queue
pause = float(os.environ.get("JOB_SECONDS", "2"))

asked_to_stop = threading.Event()
signal.signal(signal.SIGINT, lambda *_: asked_to_stop.set())

job = 0
print(f"worker on queue {queue!r}, a job every {pause:g} s", flush=True)
while not asked_to_stop.wait(pause):
    job += 1
    print(f"job {job} done", flush=True)
print(f"stopping after {job} jobs", flush=True)
