"""Settings. `HEALTHSOCIAL_ENV` is `local` (default: one machine, loopback, embedded parts), `production` or `test`."""

import secrets
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from redis.backoff import NoBackoff
from redis.retry import Retry

from healthsocial import __version__, datalock, env
from healthsocial.crypto import create_key_file, create_secret_file

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = __version__
ENVIRONMENT = env.text("HEALTHSOCIAL_ENV", "local")
if ENVIRONMENT not in {"local", "production", "test"}:
    raise ImproperlyConfigured(f"HEALTHSOCIAL_ENV must be local, production or test, not {ENVIRONMENT!r}")
PRODUCTION = ENVIRONMENT == "production"
DATA_DIR = Path(env.text("HEALTHSOCIAL_DATA", str(BASE_DIR / "var"))).resolve()
DEBUG = env.boolean("HEALTHSOCIAL_DEBUG", False)

# --- secrets: made on first start of a local installation, required in production -----------------------------
FIELD_KEYS = env.text("HEALTHSOCIAL_FIELD_KEYS")
FIELD_KEY_FILE = env.text("HEALTHSOCIAL_FIELD_KEY_FILE_PATH", str(DATA_DIR / "keys" / "field.keys"))


def _local_secret(path: Path) -> str:
    if not path.exists():
        create_secret_file(path, secrets.token_urlsafe(50))
    return path.read_text(encoding="ascii").strip()


SECRET_KEY = env.text("HEALTHSOCIAL_SECRET_KEY")
if not PRODUCTION:
    SECRET_KEY = SECRET_KEY or _local_secret(DATA_DIR / "keys" / "secret.key")
    # A missing key beside an existing database must be noticed, not papered over with a new key.
    if not FIELD_KEYS and not Path(FIELD_KEY_FILE).exists() and not (DATA_DIR / "healthsocial.sqlite3").exists():
        create_key_file(Path(FIELD_KEY_FILE))

ALLOWED_HOSTS = env.words("HEALTHSOCIAL_HOSTS", "" if PRODUCTION else "localhost,127.0.0.1,[::1],testserver")
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS] if PRODUCTION else []

if PRODUCTION:
    if DEBUG:
        raise ImproperlyConfigured("HEALTHSOCIAL_DEBUG must be off in production")
    if len(SECRET_KEY) < 40 or "insecure" in SECRET_KEY:
        raise ImproperlyConfigured("HEALTHSOCIAL_SECRET_KEY must be set to 40 or more random characters in production")
    if not ALLOWED_HOSTS or any("*" in host or host.startswith(".") for host in ALLOWED_HOSTS):
        raise ImproperlyConfigured("HEALTHSOCIAL_HOSTS must name the hosts this site answers to, without wildcards")

SITE_URL = env.text("HEALTHSOCIAL_URL")
if not SITE_URL:
    # A command beside a running `make run` must print links that lead to it, whatever its port.
    SITE_URL = f"https://{ALLOWED_HOSTS[0]}" if PRODUCTION else datalock.address(DATA_DIR) or "http://127.0.0.1:8000"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "django_htmx",
    "csp",
    "healthsocial.audit",
    "healthsocial.org",
    "compliance",
    "posts",
]
MIDDLEWARE = [
    "healthsocial.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "healthsocial.org.middleware.OrganisationMiddleware",
]
ROOT_URLCONF = "healthsocial.urls"
WSGI_APPLICATION = "healthsocial.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "posts.context.page",
            ]
        },
    }
]

# --- database -----------------------------------------------------------------------------------------------
DATABASE_URL = env.text("DATABASE_URL")
if DATABASE_URL:
    try:
        _database: dict[str, Any] = dict(dj_database_url.parse(DATABASE_URL))
    except ValueError as error:
        raise ImproperlyConfigured(
            "DATABASE_URL is not understood; it looks like postgres://user@host:5432/name"
        ) from error
    if _database["ENGINE"] != "django.db.backends.postgresql":
        raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL database; without it SQLite is used")
    # Values travel beside the statement, so that an error's message does not hold them.
    _database["OPTIONS"] = {**_database.get("OPTIONS", {}), "server_side_binding": True}
    if env.boolean("HEALTHSOCIAL_DB_POOL", False):
        # Web processes only: Celery children would share the pool across forks.
        _database["OPTIONS"] = {**_database["OPTIONS"], "pool": {"min_size": 1, "max_size": 8, "timeout": 10}}
    else:
        # Workers and dispatch: a new connection for every task would cost more than the task.
        _database["CONN_MAX_AGE"] = env.integer("HEALTHSOCIAL_DB_MAX_AGE", 0)
else:
    _database = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA_DIR / "healthsocial.sqlite3",
        "OPTIONS": {
            # Deferred transactions fail at the read-to-write upgrade whatever the timeout says.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA cache_size=-16000;"
            # INSERT OR REPLACE must not slip past DELETE triggers.
            "PRAGMA recursive_triggers=ON;",
        },
    }
_database["CONN_HEALTH_CHECKS"] = True
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis: optional everywhere (law 6) ------------------------------------------------------------------------
REDIS_URL = env.text("REDIS_URL")  # redis://host:port/0 or unix:///path/redis.sock
if REDIS_URL.startswith("unix://"):
    CELERY_BROKER_URL = "redis+socket://" + REDIS_URL.removeprefix("unix://").split("?")[0] + "?virtual_host=0"
    _cache_url = REDIS_URL.split("?")[0] + "?db=1"
else:
    CELERY_BROKER_URL = REDIS_URL or "memory://"
    _cache_url = REDIS_URL
BROKER_CONFIGURED = bool(REDIS_URL)
CACHES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "healthsocial"}
    if not REDIS_URL
    else {
        "BACKEND": "healthsocial.cache.RedisOrMemory",
        "LOCATION": _cache_url,
        "KEY_PREFIX": "hs",
        # A page must not wait for a server that is down.
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1, "retry": Retry(NoBackoff(), 0)},
    }
}

CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_TIME_LIMIT = 300
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "health_check_interval": 25,
    "socket_timeout": 30,
    "socket_connect_timeout": 2,
    # A page must not wait for a broker that is down: dispatch finds the row anyway.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "checkpoint": {"task": "org.keep_checkpoint", "schedule": 300.0, "options": {"expires": 300}},
    "housekeeping": {"task": "posts.housekeeping", "schedule": 60.0, "options": {"expires": 60}},
    "worker-heartbeat": {"task": "posts.worker_heartbeat", "schedule": 15.0, "options": {"expires": 15}},
}

# --- people ------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "org.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "posts:home"
ACCOUNT_ADAPTER = "healthsocial.org.adapter.ClosedAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = False
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
MAIL_CONFIGURED = bool(env.text("EMAIL_HOST"))
EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_PORT = env.integer("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.boolean("EMAIL_USE_TLS", False)
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend" if MAIL_CONFIGURED else "django.core.mail.backends.dummy.EmailBackend"
)
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "healthsocial@localhost")

# --- language, time ----------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
LOCALE_PATHS = [BASE_DIR / "locale"]

# --- static files, security headers ------------------------------------------------------------------------
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "staticfiles" if PRODUCTION else None  # elsewhere the finders serve them as they are
WHITENOISE_USE_FINDERS = not PRODUCTION
MEDIA_ROOT = DATA_DIR / "media"
if PRODUCTION:
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
if PRODUCTION:
    SECURE_SSL_REDIRECT = env.boolean("HEALTHSOCIAL_SSL_REDIRECT", True)
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31536000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# Outside the database, best on another disk: it shows when the end of the audit record is missing.
AUDIT_CHECKPOINT_FILE = env.text("HEALTHSOCIAL_AUDIT_CHECKPOINT_FILE_PATH") or str(
    DATA_DIR / "checkpoints" / "audit.jsonl"
)

# --- product -----------------------------------------------------------------------------------------------
RULEPACK_DIR = BASE_DIR / "compliance" / "rulepacks"
DISPATCH_INTERVAL_SECONDS = 2
CHECK_LEASE_SECONDS = 300
CHECK_MAX_ATTEMPTS = 3
CHECK_TIME_LIMIT_SECONDS = 30  # one try of one version; well below the lease
SILENT_AFTER_SECONDS = 60
NETWORK_TIMEOUT_SECONDS = env.integer("HEALTHSOCIAL_NETWORK_TIMEOUT", 30)
if not 1 <= NETWORK_TIMEOUT_SECONDS <= 120:
    raise ImproperlyConfigured("HEALTHSOCIAL_NETWORK_TIMEOUT must be 1 to 120 seconds")
LEASE_SECONDS = NETWORK_TIMEOUT_SECONDS + 90  # a call must end well before others take its lease for dead
READ_BACK_SECONDS = 5  # asking a network whether it has a post
# Overdue by more than AFTER, a channel's posts leave at least PACE apart; 0 lets them leave at once (posts/pacing.py).
BACKLOG_AFTER_SECONDS = 300
BACKLOG_PACE_SECONDS = env.integer("HEALTHSOCIAL_BACKLOG_PACE", 30)

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "healthsocial.logs.LineFormatter",
            "format": "{asctime} {levelname} {name} {message}",
            "style": "{",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("HEALTHSOCIAL_LOG_LEVEL", "INFO")},
    "loggers": {
        # Every line goes through the one formatter (law 10): Django's own handlers would mail request bodies, its
        # development server and gunicorn write addresses and errors in forms of their own.
        "django": {"handlers": [], "propagate": True},
        "django.server": {"handlers": ["console"], "propagate": False},
        "gunicorn.error": {"handlers": ["console"], "propagate": False},
        "django.db.backends": {"level": "WARNING"},
        # A wrong host name gets its 400 without a page of traceback; whoever scans us must not fill the log.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        # Says "no hostname was supplied" of every unix socket.
        "kombu.connection": {"level": "ERROR"},
    },
}

if ENVIRONMENT == "test":
    # Argon2 is slow on purpose; what is tested is that a password is asked for, not the hash.
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if not DATABASE_URL:
        # A file, as in real life: in memory, several connections would not lock each other the same way.
        DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
