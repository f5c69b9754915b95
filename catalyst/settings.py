"""Settings of everything but the syncer: what every process has (``worker_settings``), and what the web needs."""

from __future__ import annotations

from catalyst.database import POSTGRESQL
from catalyst.logs import log_settings
from catalyst.secret_key import read_secret_key
from catalyst.worker_settings import (
    COMMIT,
    DATA_DIR,
    DATABASE,
    DEFAULT_AUTO_FIELD,
    ENVIRONMENT,
    LOG_FORMAT,
    LOG_LEVEL,
    SYNC,
    TIME_ZONE,
    USE_TZ,
)
from catalyst.worker_settings import INSTALLED_APPS as WORKER_APPS
from syncer.core.annotations import split_list

__all__ = ["COMMIT", "DATABASES", "DATA_DIR", "DEFAULT_AUTO_FIELD", "SYNC", "TIME_ZONE", "USE_TZ"]

SECRET_KEY = read_secret_key(ENVIRONMENT, DATA_DIR, several_replicas=DATABASE["ENGINE"] == POSTGRESQL)
ADMIN_PASSWORD = ENVIRONMENT.secret("ADMIN_PASSWORD")
LOGGING = log_settings(LOG_LEVEL, LOG_FORMAT, ENVIRONMENT.secrets)

ALLOWED_HOSTS = split_list(ENVIRONMENT.text("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]"))
WEB_BIND_ADDRESS = ENVIRONMENT.address("WEB_BIND_ADDRESS", "127.0.0.1:8000")

# Under ASGI each request may run in another thread: a kept connection would pile up in each of them.
DATABASES = {"default": {**DATABASE, "CONN_MAX_AGE": 0}}

INSTALLED_APPS = [
    *WORKER_APPS,
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "catalyst.urls"
ASGI_APPLICATION = "catalyst.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LANGUAGE_CODE = "en"
USE_I18N = False

STATIC_URL = "/static/"
# Served from the packages themselves: a wheel runs without `collectstatic`.
WHITENOISE_USE_FINDERS = True

SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
