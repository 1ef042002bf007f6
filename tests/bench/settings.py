"""The product's settings. Passwords are hashed quickly here; what the real hash costs has a row of its own."""

from healthsocial.settings import *  # noqa: F403

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher",
    "django.contrib.auth.hashers.Argon2PasswordHasher",
]
