"""What pyproject.toml cannot say: the published reports, kept with the results, go into what is installed."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class WithReports(build_py):
    """The package, and results/published as vitcore/published within it."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            published = Path(__file__).parent / "results" / "published"
            shutil.copytree(published, Path(self.build_lib) / "vitcore" / "published", dirs_exist_ok=True)


setup(cmdclass={"build_py": WithReports})
