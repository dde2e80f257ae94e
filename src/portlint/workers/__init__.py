"""Killable worker processes: what can crash or hang a parser costs one file, not the run.

The parsers are native code, and no exception tells of a segmentation fault or of a loop inside them. So each file is
done in a process that may die, under a supervisor that knows which file that process has in hand. A stock pool does
not do: `multiprocessing.Pool` waits for ever for a worker that was killed, and `ProcessPoolExecutor` gives up every
task that is left.
"""

from portlint.workers.supervisor import Supervisor, WorkersFailed, default_jobs
from portlint.workers.worker_loop import Limits, Lost, is_worker

__all__ = ["Limits", "Lost", "Supervisor", "WorkersFailed", "default_jobs", "is_worker"]
