"""The warm spare: used once, replaced, and gone when the pool closes."""

from __future__ import annotations

from pathlib import Path

import pytest

from surgeon_gui.jobs.outcome import Succeeded
from surgeon_gui.jobs.pool import WorkerPool
from surgeon_gui.jobs.spec import BuildSpec, ReferenceSpec
from tests.helpers.shared import data_path
from tests.jobs.fakes import RESULT, fake_python

SPEC = ReferenceSpec(Path("/a.pb"), Path("/y.npz"))
WAITS = f"""
if "--warm" in sys.argv:
    request = json.loads(sys.stdin.readline() or "null")
    if request is None:
        sys.exit()
    folder = request["directory"]
open(folder + "/ran-by", "w").write(" ".join(sys.argv[3:]))
{RESULT}
"""


@pytest.fixture
def pool(tmp_path: Path) -> WorkerPool:
    return WorkerPool(fake_python(tmp_path, WAITS), log=tmp_path / "spare.log")


def ran_by(pool: WorkerPool, folder: Path) -> str:
    job = pool.job(SPEC, folder)
    job.start()
    assert isinstance(job.wait(30), Succeeded)
    return (folder / "ran-by").read_text()


def test_a_job_takes_the_spare_and_the_next_is_warmed(pool: WorkerPool, tmp_path: Path) -> None:
    pool.warm()
    pool.warm()
    assert ran_by(pool, tmp_path / "a") == "--warm tensorflow"
    assert ran_by(pool, tmp_path / "b") == "--warm tensorflow"
    pool.close()


def test_a_job_without_a_spare_starts_its_own(pool: WorkerPool, tmp_path: Path) -> None:
    assert ran_by(pool, tmp_path / "a") == f"--attached {tmp_path / 'a'}"
    pool.close()
    assert ran_by(pool, tmp_path / "b") == f"--attached {tmp_path / 'b'}"


def test_a_spare_that_died_is_not_used(tmp_path: Path) -> None:
    dies = fake_python(tmp_path, f'if "--warm" in sys.argv: sys.exit()\n{WAITS}')
    pool = WorkerPool(dies, log=tmp_path / "spare.log")
    pool.warm()
    spare = pool._spare
    assert spare is not None
    spare.wait(30)
    assert ran_by(pool, tmp_path / "a") == f"--attached {tmp_path / 'a'}"
    pool.close()


def test_other_kinds_leave_the_spare_alone(pool: WorkerPool, tmp_path: Path) -> None:
    pool.warm()
    spec = BuildSpec(Path("/a.network"), Path("/a.engine"))
    job = pool.job(spec, tmp_path / "a")
    job.start()
    job.wait(30)
    assert (tmp_path / "a" / "ran-by").read_text().startswith("--attached")
    assert ran_by(pool, tmp_path / "b") == "--warm tensorflow"
    pool.close()


def test_a_cancelled_job_gives_its_spare_up(pool: WorkerPool, tmp_path: Path) -> None:
    pool.warm()
    job = pool.job(SPEC, tmp_path / "a")
    job.cancel()
    job.start()
    assert job.wait(30).message == "The job was cancelled."
    pool.close()


def test_a_python_that_is_not_there_is_left_to_the_job(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pool = WorkerPool(str(tmp_path / "no-python"), log=tmp_path / "spare.log")
    pool.warm()
    assert "No spare worker" in caplog.text
    job = pool.job(SPEC, tmp_path / "a")
    job.start()
    assert "did not start" in job.wait(30).message


@pytest.mark.tensorflow
def test_a_warm_worker_answers_with_tensorflow_loaded(tmp_path: Path) -> None:
    pool = WorkerPool(log=tmp_path / "spare.log")
    pool.warm()
    try:
        spare = pool._spare
        assert spare is not None
        assert spare.stdout is not None
        assert b'"ready": "tensorflow"' in spare.stdout.readline()
        spec = ReferenceSpec(data_path("cifar_small.pb"), tmp_path / "y.npz")
        job = pool.job(spec, tmp_path / "job")
        job.start()
        assert isinstance(job.wait(60), Succeeded)
        assert "warm" not in (job.directory / "stderr.log").read_text()
    finally:
        pool.close()
