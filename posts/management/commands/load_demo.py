"""Fill an empty database with an invented hospital."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from healthsocial.audit.log import Refused
from healthsocial.org.models import Organisation, User
from posts.demo import data
from posts.demo.load import load
from posts.models import Post


class Command(BaseCommand):
    help = (
        "Fill an empty database with an invented hospital: people, channels, and posts in every state. All or nothing: "
        "after an error the database is as empty as before. Everybody's password is public, so not in production."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError(
                "The demo's password is public, so it is not loaded where HEALTHSOCIAL_ENV is production."
            )
        if User.objects.exists() or Post.objects.exists():
            raise CommandError(in_use())
        try:
            made = load()
        except Refused as refusal:
            words = " ".join(reason.message for reason in refusal.reasons)
            raise CommandError(f"The demo could not be loaded, and the database is as it was. {words}") from None
        except Exception as error:
            # A broken story or rule pack: one sentence, because nothing was written and the way out is the same.
            raise CommandError(
                f"The demo could not be loaded ({type(error).__name__}), and the database is as it was: still empty. "
                "Run `manage.py check`, then load_demo again; --traceback shows where it stopped."
            ) from error
        posts = sum(made.states.values())
        self.stdout.write(
            f"{data.hospital()['organisation']['name']}: {made.people} people, {made.channels} channels in {made.groups} "
            f"groups, {posts} posts in {len(made.states)} states. Sign-ins: manage.py demo_logins"
        )
        if made.unexpected or made.elsewhere:
            self.stdout.write(
                f"The active rules differ from those of the demo: {made.unexpected} further findings were answered, "
                f"{len(made.elsewhere)} posts stand elsewhere."
            )


def in_use() -> str:
    if Organisation.objects.filter(created_as_demo=True).exists():
        return "The demo is loaded already: `manage.py demo_logins` lists who can sign in."
    return "This database is in use, and the demo goes into empty ones only: name another with HEALTHSOCIAL_DATA or DATABASE_URL."
