"""The sides of the portal: the customers', the vendor's below /staff (S1), and the API for machines."""

STAFF = "/staff"
API = "/api"


def staff_side(path: str) -> bool:
    """Return whether an address belongs to the vendor's side."""
    return path == STAFF or path.startswith(f"{STAFF}/")


def api_side(path: str) -> bool:
    """Return whether an address belongs to the API, where no cookie counts and every answer is JSON."""
    return path == API or path.startswith(f"{API}/")
