"""What people and automation stumbled over, by the numbers that issue Tools gave; it works now."""
