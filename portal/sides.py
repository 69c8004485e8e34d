"""The two sides of the portal: the customers', and the vendor's below /staff (behaviour S1)."""

STAFF = "/staff"


def staff_side(path: str) -> bool:
    """Return whether an address belongs to the vendor's side."""
    return path == STAFF or path.startswith(f"{STAFF}/")
