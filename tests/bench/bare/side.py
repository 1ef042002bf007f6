"""The bare project as a side: builds its own rows, then answers timings."""

import django

from tests.bench.side import Steps, timed
from tests.bench.web import get, session_of


def pages() -> Steps:
    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.db import connection

    from tests.bench.bare.models import Item
    from tests.bench.bare.wsgi import application

    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(Item)
    Item.objects.bulk_create([Item(name=f"Notice {n}", state="in_review", number=n) for n in range(1000)])
    cookie = session_of(User.objects.create_user("officer", password=None))
    one = Item.objects.values_list("pk", flat=True)[500]
    get(application, "/", cookie)
    return {
        "rows": lambda times: timed(lambda: get(application, "/", cookie), times),
        "one": lambda times: timed(lambda: get(application, f"/one/{one}/", cookie), times),
    }
