"""The cache: Redis when it answers, this process's memory while it does not.

Signing in counts tries in the cache. Redis is optional everywhere (law 6), so its loss must not keep anybody out;
while it lasts each web process counts for itself, and that is said in the log.
"""

import logging
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


class RedisOrMemory(BaseCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self._redis = RedisCache(server, params)
        self._memory = LocMemCache("healthsocial-without-redis", params)

    def _either(self, name: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return getattr(self._redis, name)(*args, **kwargs)
        except (RedisError, OSError) as error:
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
