"""Whether a commit's tests fail without it: its tests are run on the sources of the commit before.

`python -m scripts.fails_before COMMIT [--base BASE] [--timeout SECONDS] [tests/a_file.py …]`. A temporary worktree gets
everything but tests/ from the base (the commit's first parent) and tests/ from the commit. The test files in which the
two differ are run, or those that are named. A name that the base does not have stands in a test file as one that fails
when it is used, so that what does not use it is tried all the same. How each test that is new or has changed went:

  assertion   it saw the fault
  exception   the base's sources raised what the test did not expect
  import      what it asks for is not there: this shows nothing of the fault
  passes      what it looks at was right before

Exits with 1 where none fails by an assertion or an exception: those tests cannot tell the commit from its parent.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
WAYS = ("assertion", "exception", "import", "passes", "skipped")
MISSING = re.compile(
    r"ImportError|ModuleNotFoundError|cannot import name|No module named|^fixture '|^NameError"
    r"|(?:module '|type object ').* has no attribute|unexpected keyword argument|positional arguments? but"
)
ASSERTION = re.compile(r"^(AssertionError|assert |Failed: (DID NOT|Timeout)|hypothesis\.errors|DID NOT)")


STAND_IN = """
class Missing:
    def __init__(self, name):
        self.__dict__["name"] = name

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Missing(f"{self.name}.{name}")

    def used(self, *_, **__):
        raise ImportError(f"{self.name} is not in the base")

    __call__ = __iter__ = __len__ = __bool__ = __enter__ = __getitem__ = __eq__ = __lt__ = __add__ = __or__ = used
    __truediv__ = __sub__ = __mul__ = __contains__ = __str__ = __fspath__ = __hash__ = used
"""


def git(*words: str, at: Path | None = None) -> str:
    return subprocess.run(["git", *words], cwd=at or ROOT, check=True, capture_output=True, text=True).stdout


def functions(commit: str, path: str) -> dict[str, str]:
    """The tests of a file as it is in a commit: name and body without comments; empty where it has no such file."""
    try:
        tree = ast.parse(git("show", f"{commit}:{path}"))
    except subprocess.CalledProcessError:
        return {}
    return {node.name: ast.dump(node) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def new_tests(commit: str, base: str, path: str) -> set[str]:
    before = functions(base, path)
    return {name for name, body in functions(commit, path).items() if before.get(name) != body}


def changed_files(commit: str, base: str) -> list[str]:
    names = git("diff", "--name-only", "--diff-filter=d", base, commit, "--", "tests").splitlines()
    return [name for name in names if Path(name).name.startswith("test_")]


def without_missing(source: str) -> str:
    """A test file in which an import that fails gives a name that fails when it is used."""
    lines = source.splitlines()
    for node in reversed(ast.parse(source).body):
        if not isinstance(node, ast.Import | ast.ImportFrom) or getattr(node, "module", "") == "__future__":
            continue
        parts = []
        for alias in node.names:
            line = ast.unparse(
                ast.Import([alias]) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, [alias], 0)
            )
            name = (alias.asname or alias.name).split(".")[0]
            full = f"{getattr(node, 'module', '')}.{alias.name}".strip(".")
            missing = f"    from tests.missing import Missing\n    {name} = Missing({full!r})"
            parts.append(f"try:\n    {line}\nexcept ImportError:\n{missing}")
        lines[node.lineno - 1 : node.end_lineno] = "\n".join(parts).splitlines()
    return "\n".join(lines) + "\n"


def put_tests(commit: str, tree: Path) -> None:
    """The tests of a commit into a tree, in the place of its own."""
    git("rm", "-rq", "--", "tests", at=tree)
    git("checkout", commit, "--", "tests", at=tree)
    (tree / "tests" / "missing.py").write_text(STAND_IN, encoding="utf-8")
    for path in (tree / "tests").rglob("*.py"):
        if path.name != "__init__.py":
            path.write_text(without_missing(path.read_text(encoding="utf-8")), encoding="utf-8")


def run_tests(tree: Path, files: list[str], names: set[str], folder: Path, seconds: int) -> ElementTree.Element:
    """pytest's own report of the tests of these names, run on the sources of the tree and on no other."""
    env = {**os.environ, "PYTHONPATH": str(tree)}
    asked = [sys.executable, "-c", "import vitcore; print(vitcore.__file__)"]
    imported = subprocess.run(asked, cwd=tree, env=env, check=True, capture_output=True, text=True).stdout.strip()
    if not Path(imported).is_relative_to(tree):
        raise SystemExit(f"vitcore is imported from {imported} and not from the base; uninstall it first.")
    report = folder / "report.xml"
    flags = ["-q", "-p", "no:cacheprovider", "--continue-on-collection-errors", f"--timeout={seconds}"]
    where = [f"--basetemp={folder / 'tests'}", f"--junitxml={report}", "-o", "junit_family=xunit1"]
    chosen = ["-k", " or ".join(sorted(names))]
    command = [sys.executable, "-m", "pytest", *flags, *where, *chosen, *files]
    done = subprocess.run(command, cwd=tree, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if not report.exists():
        raise SystemExit(f"pytest could not begin: {done.stdout[-2000:]}")
    return ElementTree.parse(report).getroot()


def how_it_went(case: ElementTree.Element) -> tuple[str, str]:
    """How a test went, and the first line of what it said."""
    for kind in ("failure", "error"):
        if (found := case.find(kind)) is not None:
            raised = [line[1:].strip() for line in (found.text or "").splitlines() if line.startswith("E ")]
            message = (found.get("message") or "").strip()
            if message == "collection failure" or message.startswith("failed on setup"):
                message = raised[0] if raised else message
            message = message.splitlines()[0] if message else "no message"
            asked_by_test = re.search(r"^tests/[^\n]*: AttributeError$", found.text or "", re.MULTILINE)
            if asked_by_test or MISSING.search(message) or found.get("message") == "collection failure":
                return "import", message
            return ("assertion" if ASSERTION.search(message) else "exception"), message
    return ("skipped", "") if case.find("skipped") is not None else ("passes", "")


def outcomes(commit: str, base: str, files: list[str], seconds: int) -> dict[str, list[tuple[str, str]]]:
    """Of each test that is new or has changed: how each of its cases went on the base, and what it said."""
    commit, base = (git("rev-parse", f"{name}^{{commit}}").strip() for name in (commit, base))  # HEAD is another there
    new = {path: new_tests(commit, base, path) for path in files}
    with tempfile.TemporaryDirectory(prefix="fails-before-") as folder:
        tree = Path(folder).resolve() / "base"
        git("worktree", "add", "--detach", str(tree), base)
        try:
            put_tests(commit, tree)
            report = run_tests(tree, files, set().union(*new.values()), Path(folder), seconds)
        finally:
            git("worktree", "remove", "--force", str(tree))
    found: dict[str, list[tuple[str, str]]] = {}
    for case in report.iter("testcase"):
        path, name = case.get("file"), (case.get("name") or "").split("[")[0]
        if path is None or not case.get("classname"):  # a whole file that could not be collected
            found[name.replace(".", "/") + ".py"] = [how_it_went(case)]
        elif name in new.get(path, ()):
            found.setdefault(f"{path}::{name}", []).append(how_it_went(case))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("commit")
    parser.add_argument("files", nargs="*", help="test files; without any, those in which the two commits differ")
    parser.add_argument("--base", help="whose sources are tested; without it, the commit's first parent")
    parser.add_argument("--timeout", type=int, default=60, help="seconds a test; 60 where none are given")
    args = parser.parse_intermixed_args()
    base = args.base or f"{args.commit}^"
    files = args.files or changed_files(args.commit, base)
    if not files:
        print(f"{args.commit} changes no test against {base}.")
        return 1
    count: Counter[str] = Counter()
    for test, cases in outcomes(args.commit, base, files, args.timeout).items():
        ways = Counter(how for how, _ in cases)
        best = next(how for how in WAYS if how in ways)
        count[best] += 1
        several = f" ({', '.join(f'{number} {how}' for how, number in ways.items())})" if len(cases) > 1 else ""
        message = next(message for how, message in cases if how == best)
        print(f"{best:9}  {test}{several}" + (f"\n           {message[:200]}" if message else ""))
    print(", ".join(f"{number} {how}" for how, number in count.most_common()))
    return 0 if count["assertion"] + count["exception"] else 1


if __name__ == "__main__":
    sys.exit(main())
