"""People, channels, grants and the organisation's own row."""

from healthsocial.org.models.channel import Channel, ChannelGroup
from healthsocial.org.models.grant import Grant
from healthsocial.org.models.health import Alert, Heartbeat
from healthsocial.org.models.link import OneTimeLink
from healthsocial.org.models.organisation import Organisation
from healthsocial.org.models.user import User

__all__ = ["Alert", "Channel", "ChannelGroup", "Grant", "Heartbeat", "OneTimeLink", "Organisation", "User"]
