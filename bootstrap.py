"""Set up and start: `python3 bootstrap.py run|prepare|prepare-dev`. Standard library only.

Any Python from 3.8 on gets far enough to print one sentence that says what is missing. The virtual environment holds
a stamp (digest of the requirements and of the Python's version), so a second start installs nothing.
"""

import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.abspath(os.environ.get("HEALTHSOCIAL_VENV") or os.path.join(ROOT, ".venv"))
PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, "healthsocial.stamp")
LOG = os.path.join(VENV, "install.log")
OLDEST, NEWEST = (3, 11), (3, 13)


class Problem(Exception):
    """Something the person in front must do; the text is the one sentence they see."""


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def version_of(info):
    return f"{info[0]}.{info[1]}"


def check_python(info):
    """Raise Problem unless this Python is one of those that are promised."""
    if not OLDEST <= tuple(info[:2]) <= NEWEST:
        raise Problem(
            f"HealthSocial needs Python 3.11, 3.12 or 3.13, and this is {version_of(info)}: install one of them and say which, "
            "for example `make run PYTHON=python3.12`."
        )


def check_modules(uv):
    """Raise Problem when this Python was packaged without what a virtual environment needs."""
    try:
        import venv  # noqa: F401  (only whether it is there)

        if not uv:
            import ensurepip  # noqa: F401
    except ImportError:
        raise Problem(
            "This Python cannot make a virtual environment: install its venv package (on Debian or Ubuntu "
            f"`apt install python{version_of(sys.version_info)}-venv`), then try again."
        ) from None


def wanted_stamp(files):
    digest = hashlib.sha256(version_of(sys.version_info).encode("ascii"))
    for name in files:
        with open(os.path.join(ROOT, name), "rb") as handle:
            digest.update(handle.read())
    return digest.hexdigest()


def stamps():
    try:
        with open(STAMP, encoding="ascii") as handle:
            return handle.read().split()
    except OSError:
        return []


def built_with():
    """The Python version (`3.11`) that the environment was made with, or '' when there is no usable one."""
    try:
        with open(os.path.join(VENV, "pyvenv.cfg"), encoding="utf-8") as handle:
            values = dict([piece.strip() for piece in line.split("=", 1)] for line in handle if "=" in line)
    except OSError:
        return ""
    text = values.get("version") or values.get("version_info") or ""
    return ".".join(text.split(".")[:2]) if os.path.exists(PYTHON) else ""


def run(command):
    """Run a set-up step with its output in the log; raise Problem with its last line when it fails."""
    with open(LOG, "ab") as log:
        code = subprocess.call(  # noqa: S603  (commands of this module)
            command,
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
    if code:
        with open(LOG, encoding="utf-8", errors="replace") as handle:
            lines = [line.strip() for line in handle if line.strip()]
        reason = next(
            (line for line in reversed(lines) if "error" in line.lower()), lines[-1] if lines else "no message"
        )
        raise Problem(
            "The packages could not be installed ({}); the whole log is {}.".format(reason[:200].rstrip("."), LOG)
        )


def make_environment(uv):
    import venv

    inside = os.path.realpath(sys.prefix) == os.path.realpath(VENV)
    if inside or built_with() == version_of(sys.version_info):
        return
    say(f"Making a virtual environment with Python {version_of(sys.version_info)} ...")
    try:
        venv.EnvBuilder(clear=True, symlinks=True, with_pip=not uv).create(VENV)
    except subprocess.CalledProcessError:
        raise Problem(f"The virtual environment {VENV} could not be made (pip did not install itself).") from None


def install(files, uv):
    """Install the last of `files` (which includes the others) and write the stamp."""
    say(f"Installing the packages of {files[-1]} ...")
    if os.path.exists(LOG):
        os.remove(LOG)
    if uv:
        command = [uv, "pip", "install", "--python", PYTHON, "--no-deps", "-r", files[-1]]
    else:
        command = [
            PYTHON,
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "--no-input",
            "--no-deps",
            "-r",
            files[-1],
        ]
    run(command)


def prepare(dev):
    """Make the environment ready for `make run`, or with `dev` for tests and lint."""
    check_python(sys.version_info)
    users, developers = wanted_stamp(["requirements.txt"]), wanted_stamp(["requirements.txt", "requirements-dev.txt"])
    wanted = developers if dev else users
    if wanted in stamps() and os.path.exists(PYTHON):
        return
    uv = shutil.which("uv")
    check_modules(uv)
    os.makedirs(VENV, exist_ok=True)
    lock = lock_set_up()
    try:
        if wanted in stamps() and os.path.exists(PYTHON):
            return  # another set-up was faster
        make_environment(uv)
        install(["requirements.txt", "requirements-dev.txt"] if dev else ["requirements.txt"], uv)
        with open(STAMP, "w", encoding="ascii") as handle:
            handle.write("\n".join([users, developers] if dev else [users]) + "\n")
    finally:
        os.close(lock)


def lock_set_up():
    """Let one set-up at a time work on the environment; the lock is on the project's folder and ends with the process."""
    try:
        import fcntl
    except ImportError:
        raise Problem("HealthSocial runs on Linux and macOS; on Windows use WSL.") from None
    descriptor = os.open(ROOT, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def main(arguments):
    commands = {"run", "prepare", "prepare-dev"}
    if len(arguments) != 1 or arguments[0] not in commands:
        say("Use: python3 bootstrap.py run | prepare | prepare-dev")
        return 2
    try:
        prepare(dev=arguments[0] == "prepare-dev")
        if arguments[0] == "run":
            os.chdir(ROOT)
            os.execv(PYTHON, [PYTHON, "-m", "healthsocial.supervisor"])  # noqa: S606
    except Problem as problem:
        say(str(problem))
        return 1
    except OSError as error:
        say(f"The set-up stopped at {error.filename or VENV}: {error.strerror}.")
        return 1
    except KeyboardInterrupt:
        say("Stopped before the set-up was complete; start again to go on.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
