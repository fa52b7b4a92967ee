"""The process managers that bench/ compares, each in a home of its own below the folder of the run.

All have the same methods; `apps` is a list of (name, [program, argument ...]). A command that is None is one that the
manager does not have: the row stays empty.
"""
import contextlib
import json
import os
import shutil
import signal
import subprocess

from system import MeasureError, children_of, executable, run, wait_until


class Manager:
    name = ""
    gap = 0.05  # seconds to leave an app alone before it is killed or restarted again
    slow = False  # fewer repetitions

    def __init__(self, folder):
        self.home = os.path.join(folder, self.name)
        os.makedirs(self.home, mode=0o700)
        self.env = {"PATH": os.environ["PATH"], "HOME": self.home, "LANG": "C.UTF-8", "TERM": "dumb"}

    def path(self, *parts):
        return os.path.join(self.home, *parts)

    def write(self, text, *parts):
        path = self.path(*parts)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def log_of(self, app):
        """Where the app's standard output goes."""
        return self.path("logs", app + "-out.log")


class EcosystemManager(Manager):
    """procvisor and PM2: the same file, the same verbs."""

    program = ()
    no_wait = ()  # the option by which a start returns when the apps have been executed, not when they have settled

    def declare(self, apps):
        self.file = self.write(json.dumps({"apps": [
            {"name": name, "script": command[0], "args": command[1:], "exec_interpreter": "none",
             "max_restarts": 1_000_000} for name, command in apps]}), "ecosystem.json")

    def prepare(self):
        """Up to where `start_command` is what is timed: a daemon runs."""
        run([*self.program, "ping"], self.env, self.home)

    def start_command(self):
        return [*self.program, "start", *self.no_wait, self.file]

    def list_command(self):
        return [*self.program, "list"]

    def stop_all_command(self):
        return [*self.program, "stop", "all"]

    def restart_command(self, app):
        return [*self.program, "restart", *self.no_wait, app]

    def shutdown(self):
        with contextlib.suppress(MeasureError, subprocess.TimeoutExpired):
            run([*self.program, "kill"], self.env, self.home)


class Procvisor(EcosystemManager):
    name = "procvisor"
    no_wait = ("--no-wait",)

    def __init__(self, folder, binary):
        super().__init__(folder)
        self.program = (binary,)
        self.env["PROCVISOR_HOME"] = self.home

    def supervisors(self):
        with open(self.path("procvisor.pid"), encoding="ascii") as file:
            keeper = int(file.read())
        own = executable(keeper)
        return [keeper] + [pid for pid in children_of(keeper) if executable(pid) == own]


class Pm2(EcosystemManager):
    name = "pm2"
    slow = True

    def __init__(self, folder, script):
        super().__init__(folder)
        self.program = (shutil.which("node"), script)
        self.env["PM2_HOME"] = self.home

    def supervisors(self):
        with open(self.path("pm2.pid"), encoding="ascii") as file:
            return [int(file.read())]


class ForegroundManager(Manager):
    """A supervisor without a start command of its own: running it starts the apps."""

    supervisor = None

    def prepare(self):
        pass

    def shutdown(self):
        if self.supervisor is None:
            return
        self.supervisor.send_signal(self.end_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.supervisor.wait(60)
        if self.supervisor.poll() is None:
            self.supervisor.kill()
            self.supervisor.wait()
        self.supervisor = None

    def launch(self):
        """Instead of a start_command: returns at once, the apps come by and by."""
        with open(self.path("supervisor.log"), "ab") as log:
            self.supervisor = subprocess.Popen(self.supervisor_command(), env=self.env, cwd=self.home,
                                               stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start_command(self):
        return None


class Supervisord(ForegroundManager):
    name = "supervisord"
    end_signal = signal.SIGTERM

    def declare(self, apps):
        programs = "".join(
            f"[program:{name}]\ncommand={' '.join(command)}\nstartsecs=0\nautorestart=true\n"
            f"stdout_logfile={self.log_of(name)}\nstdout_logfile_maxbytes=0\nredirect_stderr=true\n"
            for name, command in apps)
        os.makedirs(self.path("logs"), exist_ok=True)
        self.write(f"[supervisord]\nnodaemon=true\nminfds=16384\nlogfile=/dev/null\nlogfile_maxbytes=0\n"
                   f"pidfile={self.path('supervisord.pid')}\n"
                   f"[unix_http_server]\nfile={self.path('sock')}\n"
                   f"[rpcinterface:supervisor]\n"
                   f"supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n"
                   f"[supervisorctl]\nserverurl=unix://{self.path('sock')}\n{programs}", "supervisord.conf")

    def supervisor_command(self):
        return ["supervisord", "-c", self.path("supervisord.conf")]

    def control(self, *words):
        return ["supervisorctl", "-c", self.path("supervisord.conf"), *words]

    def list_command(self):
        return self.control("status")

    def stop_all_command(self):
        return self.control("stop", "all")

    def restart_command(self, app):
        return self.control("restart", app)

    def supervisors(self):
        return [self.supervisor.pid]


class Runit(ForegroundManager):
    """runsvdir with a runsv for each app. Logs go to a svlogd of their own there: not measured."""

    name = "runit"
    end_signal = signal.SIGHUP  # runsvdir passes TERM on to each runsv
    gap = 1.1  # runsv waits a second before it starts a service again that ran for less

    def declare(self, apps):
        shutil.rmtree(self.path("services"), ignore_errors=True)
        self.services = [self.path("services", name) for name, _ in apps]
        for name, command in apps:
            script = self.write(f"#!/bin/sh\nexec {' '.join(command)}\n", "services", name, "run")
            os.chmod(script, 0o700)

    def supervisor_command(self):
        return ["runsvdir", self.path("services")]

    def list_command(self):
        return ["sv", "status", *self.services]

    def stop_all_command(self):
        return ["sv", "stop", *self.services]

    def restart_command(self, app):
        return ["sv", "restart", self.path("services", app)]

    def log_of(self, app):
        return None

    def supervisors(self):
        return [self.supervisor.pid, *children_of(self.supervisor.pid)]

    def shutdown(self):
        if self.supervisor is None:
            return
        runsvs = children_of(self.supervisor.pid)
        super().shutdown()
        wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in runsvs), "end of runsv")
