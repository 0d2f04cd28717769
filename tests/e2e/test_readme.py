"""The pipeline that the README shows is one."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "src" / "penstock" / "templates" / "pipeline" / "data"
MODEL = "SELECT carrier, month, count(*) AS flights FROM flown GROUP BY carrier, month"


def test_the_readmes_pipeline_runs(tmp_path: Path):
    found = re.search(
        r"^```yaml\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE
    )
    assert found
    (tmp_path / "pipeline.yaml").write_text(found[1])
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "delays.sql").write_text(MODEL)
    (tmp_path / "data" / "flights").mkdir(parents=True)
    shutil.copy(SAMPLE / "airports.csv", tmp_path / "data")
    for day in (SAMPLE / "flights").glob("*.csv"):
        packed = tmp_path / "data" / "flights" / f"{day.name}.gz"
        packed.write_bytes(gzip.compress(day.read_bytes()))
    penstock = Path(sys.executable).with_name("penstock")
    done = subprocess.run(
        [penstock, "--json", "run"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["status"] == "succeeded"
    assert report["datasets"]["flown"]["quarantined"] == 14
    assert (tmp_path / "lake" / "delays" / "month=1").is_dir()
