"""One module per network, all of the same shape (`base.py`)."""

from healthsocial.org.enums import Network
from posts.networks.base import NetworkAdapter


def adapter_for(network: str) -> NetworkAdapter:
    """The adapter of a channel's network; imported when needed, so that a heavy client costs nothing before."""
    if network == Network.LOCAL:
        from posts.networks.local import LocalNetwork

        return LocalNetwork()
    if network == Network.PRACTICE:
        from posts.networks.practice import PracticeNetwork

        return PracticeNetwork()
    raise ValueError(f"unknown network {network!r}")
