"""What an operator leaves open: the pages below ``/ui``. They ask what the admin asks, and do what its buttons do."""
