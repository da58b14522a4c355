"""What pyproject.toml cannot say: what lies outside the package in a clone and goes into what is installed."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
BESIDE = {
    "app.py": "app/app.py",
    "pages": "app/pages",
    ".streamlit": "app/.streamlit",  # Streamlit looks for its settings beside the script
}
"""From a clone's root -> within the package: the app that `vitcore app` starts."""


class WithTheApp(build_py):
    """The package with what lies beside it."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        package = Path(self.build_lib) / "vitcore"
        shutil.rmtree(package / "app", ignore_errors=True)  # of an earlier build: a page that is gone is not installed
        for source, place in BESIDE.items():
            target = package / place
            target.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, target)


setup(cmdclass={"build_py": WithTheApp})
