"""The cache: Redis when it answers, this process's memory while it does not.

Signing in counts tries in the cache. Redis is optional everywhere (law 6), so its loss must not keep anybody out;
while it lasts each web process counts for itself, and that is said in the log. A server that hangs is asked again only
after REST_SECONDS: a page asks the cache several times, and must not wait each time.
"""

import logging
import time
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)
REST_SECONDS = 10.0


_rests: dict[str, float] = {}  # until when a server is left alone; Django makes a cache object per thread


class RedisOrMemory(BaseCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self._redis = RedisCache(server, params)
        self._memory = LocMemCache("healthsocial-without-redis", params)
        self._server = server

    def _either(self, name: str, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() < _rests.get(self._server, 0.0):
            return getattr(self._memory, name)(*args, **kwargs)
        try:
            return getattr(self._redis, name)(*args, **kwargs)
        except (RedisError, OSError) as error:
            _rests[self._server] = time.monotonic() + REST_SECONDS
            logger.warning("redis does not answer (%s); this process uses its own memory", type(error).__name__)
            return getattr(self._memory, name)(*args, **kwargs)

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return bool(self._either("add", key, value, timeout, version))

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._either("get", key, default, version)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._either("set", key, value, timeout, version)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return bool(self._either("touch", key, timeout, version))

    def delete(self, key: Any, version: int | None = None) -> bool:
        return bool(self._either("delete", key, version))

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        return int(self._either("incr", key, delta, version))

    def clear(self) -> None:
        self._either("clear")
