"""The two networks of a board: their names, their indices, and names of nodes in them such as "A.free"."""

FREE, CLAMPED = 0, 1
NETWORKS = ("free", "clamped")  # names by index
NOT_A_CHANNEL = 'not a node of a network; write for example "A.free" or "A.clamped"'


def network_index(name: str) -> int:
    """Return 0 for "free", 1 for "clamped". Raises ValueError for another name."""
    return NETWORKS.index(name)


def channel_name(node: str, network: int) -> str:
    """Return the name of a node in a network, "A.free" for node A in network 0."""
    return f"{node}.{NETWORKS[network]}"


def parse_channel(text: str) -> tuple[str, int]:
    """Return node and network index of "A.free". Raises ValueError for a text that names no network."""
    node, dot, network = text.partition(".")
    if not (node and dot) or network not in NETWORKS:
        raise ValueError(NOT_A_CHANNEL)
    return node, NETWORKS.index(network)
