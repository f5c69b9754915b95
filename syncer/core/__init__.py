"""What should be in DNS, decided on plain values: no Django, no network, no clock, no files."""
