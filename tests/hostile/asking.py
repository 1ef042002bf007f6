"""Send requests that leave nothing behind, and compare what comes back."""

import copy
import re
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from healthsocial.org.models import User
from tests.hostile.addresses import ADDRESSES, Args
from tests.hostile.site import Site

VOLATILE = re.compile(rb'(nonce|value|content)="[A-Za-z0-9+/=_-]{20,}"')  # the page's nonce and form tokens


def client_of(person: User | None, **options: Any) -> Client:
    client = Client(raise_request_exception=False, **options)
    if person is not None:
        client.force_login(person)
    return client


def ask(client: Client, method: str, path: str, data: Any = None, **more: Any) -> HttpResponse:
    """One request, undone at once, and so is what it did to the cookies."""
    kept = copy.deepcopy(client.cookies)
    with transaction.atomic():
        answer: HttpResponse = getattr(client, method)(path, data or {}, **more)
        transaction.set_rollback(True)
    client.cookies = kept
    return answer


def address(site: Site, name: str, args: Args | None = None) -> str:
    return reverse(name, args=(args or ADDRESSES[name].own)(site))


def routed(patterns: list[URLPattern | URLResolver] | None = None, prefix: str = "") -> Iterator[str]:
    """Names of every address of the product, as the resolver knows them."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            space = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from routed(pattern.url_patterns, space)
        else:
            yield prefix + (pattern.name or str(pattern.pattern))


def mutating() -> list[str]:
    return [name for name, row in ADDRESSES.items() if row.data is not None]


def same(answer: HttpResponse) -> tuple[int, bytes]:
    """Status and body without what differs from one answer to the next anyway."""
    return answer.status_code, VOLATILE.sub(b"", answer.content)


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the database but sessions: to say that nothing changed."""
    kept: list[type[models.Model]] = [m for m in apps.get_models() if m._meta.app_label != "sessions"]
    return {m._meta.label: list(m._default_manager.order_by("pk").values_list()) for m in kept}
