from __future__ import annotations

import subprocess
import sys

import torch

from aquarius.core import Environment
from aquarius.lab import environment
from aquarius.lab._environment import installed


def test_it_tells_what_the_numbers_rest_on() -> None:
    here = environment()
    assert here.packages["torch"] == torch.__version__ and here.threads == torch.get_num_threads()
    assert here.python == sys.version.split()[0] and here.cores > 0 and here.processor
    assert environment() == here
    assert installed().items() >= {"torch": here.packages["torch"]}.items()


def test_it_imports_nothing_and_is_the_same_in_another_process() -> None:
    code = "import sys; from aquarius.lab import environment; print(environment().to_data()); assert 'torch' not in sys.modules"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"OMP_NUM_THREADS": "1"})
    assert Environment.model_validate(eval(result.stdout)) == environment().model_copy(update={"threads": 1})
