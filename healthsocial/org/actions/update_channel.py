"""Change how a channel works: its limit, how late a post may go out, how the practice network answers."""

from healthsocial.audit.log import Refused, action
from healthsocial.org import guards
from healthsocial.org.enums import PracticeMode
from healthsocial.org.models import Channel, User


def update_channel(
    channel: Channel,
    *,
    character_limit: int,
    max_lateness_minutes: int | None,
    practice_mode: PracticeMode | None = None,
    by: User,
) -> Channel:
    """Needs `org.channels` on the channel. `max_lateness_minutes` None: the organisation's value. Posts are not touched;
    a post over a lowered limit is refused when it is submitted or published.
    """
    actor = guards.acting(by, "org.channels", [channel])
    with action("channel.changed", actor=actor, target=("channel", str(channel.pk))) as act:
        organisation = guards.lock_people()
        channel = Channel.objects.select_for_update(no_key=True).get(pk=channel.pk)
        guards.require(by, "org.channels", channel)
        mode = practice_mode or PracticeMode(channel.practice_mode)
        reasons = [
            *guards.limit_reasons(character_limit),
            *guards.lateness_reasons(max_lateness_minutes),
            *guards.practice_mode_reasons(mode, channel, organisation),
        ]
        if reasons:
            raise Refused(*reasons)
        wanted: dict[str, object] = {
            "character_limit": character_limit,
            "max_lateness_minutes": max_lateness_minutes,
            "practice_mode": mode.value,
        }
        changed = {
            field: [getattr(channel, field), value]
            for field, value in wanted.items()
            if getattr(channel, field) != value
        }
        for field in changed:
            setattr(channel, field, wanted[field])
        if changed:
            channel.save(update_fields=list(changed))
            act.record("channel.changed", data=changed)
        else:
            act.nothing_changed()
    return channel
