"""What is known of holes in the packages of this environment, as a report: it prints, and never fails a build.

`make audit`. Asks the package index for its advisories through pip-audit; where they cannot be had, one line says so.
"""

from __future__ import annotations

import json
import subprocess
import sys

PATIENCE = 300.0  # seconds


def main() -> None:
    command = [sys.executable, "-m", "pip_audit", "--local", "--skip-editable", "--format", "json"]
    try:
        done = subprocess.run(
            [*command, "--progress-spinner", "off", "--timeout", "10"],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        print(f"Audit: nothing was audited; the advisories did not answer within {PATIENCE:.0f} s.")
        return
    print("\n".join(report(done.stdout, done.stderr)))


def report(output: str, errors: str) -> list[str]:
    """pip-audit's JSON in a few lines; what could not be audited is counted, never taken for sound."""
    try:
        packages = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        text = (errors.strip().splitlines() or ["it said nothing"])[-1]
        return [f"Audit: nothing was audited; the advisories cannot be reached ({text[:160]})."]
    audited = [package for package in packages if "skip_reason" not in package]
    if not audited:
        return [f"Audit: nothing was audited; the index here has no advisories of these {len(packages)} packages."]
    found = [(package, hole) for package in audited for hole in package["vulns"]]
    lines = [f"Audit: {len(found)} known holes in {len(audited)} packages; {len(packages) - len(audited)} not audited."]
    for package, hole in found:
        better = ", ".join(hole.get("fix_versions") or []) or "no version yet"
        lines.append(f"  {package['name']} {package['version']}: {hole['id']}, mended in {better}")
    return lines


if __name__ == "__main__":
    main()
