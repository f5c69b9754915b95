"""What every target must do, whatever it is: the contract. A target counts as built when it keeps it.

``harness.py`` says what a target brings along, one file each has it, and ``HARNESSES`` in ``conftest.py`` lists them.
"""

import pytest

pytest.register_assert_rewrite("tests.contract.trial")
