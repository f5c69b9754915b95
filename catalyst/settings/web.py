"""Settings of every process but the syncer: those that all of them have (``worker``), and those of the web."""

from __future__ import annotations

from catalyst import __version__
from catalyst.settings import addresses, api, browser, tasks
from catalyst.settings.allowed_hosts import read_allowed_hosts
from catalyst.settings.api import DRF_STANDARDIZED_ERRORS, REST_FRAMEWORK, REST_KNOX, SPECTACULAR_SETTINGS
from catalyst.settings.browser import CONTENT_SECURITY_POLICY
from catalyst.settings.database import POSTGRESQL, set_limits
from catalyst.settings.proxies import read_proxies
from catalyst.settings.secret_key import read_secret_key
from catalyst.settings.tasks import Q_CLUSTER
from catalyst.settings.worker import (
    COMMIT,
    DATA_DIR,
    DATABASE,
    DEFAULT_AUTO_FIELD,
    DRY_RUN,
    ENVIRONMENT,
    GELF_URL,
    LOGGING,
    MANAGED,
    MANAGED_TARGETS,
    SYNC,
    TIME_ZONE,
    USE_TZ,
    targets,
)
from catalyst.settings.worker import INSTALLED_APPS as WORKER_APPS

__all__ = [
    "COMMIT",
    "CONTENT_SECURITY_POLICY",
    "DATABASES",
    "DATA_DIR",
    "DEFAULT_AUTO_FIELD",
    "DRF_STANDARDIZED_ERRORS",
    "DRY_RUN",
    "GELF_URL",
    "LOGGING",
    "MANAGED",
    "MANAGED_TARGETS",
    "Q_CLUSTER",
    "REST_FRAMEWORK",
    "REST_KNOX",
    "SPECTACULAR_SETTINGS",
    "SYNC",
    "TIME_ZONE",
    "USE_TZ",
]

VERSION = __version__
SECRET_KEY = read_secret_key(ENVIRONMENT, DATA_DIR, several_replicas=DATABASE["ENGINE"] == POSTGRESQL)
ADMIN_PASSWORD = ENVIRONMENT.read_secret("ADMIN_PASSWORD")

ALLOWED_HOSTS = read_allowed_hosts(ENVIRONMENT)
WEB_BIND_ADDRESS = ENVIRONMENT.read_address(*addresses.WEB)
# Requests a minute that one user may make; 0: no limit.
API_RATE_LIMIT = ENVIRONMENT.read_integer("API_RATE_LIMIT", "1200")
DNS_TEST_RATE_LIMIT = ENVIRONMENT.read_integer("DNS_TEST_RATE_LIMIT", "120")
DNS_TEST_SERVERS = api.read_dns_servers(ENVIRONMENT, targets)
TARGET_DNS_SERVERS = api.read_target_servers(ENVIRONMENT, targets)
LOGIN_REDIRECT_URL = "dashboard:overview"
# Failed logins of one user from one address within five minutes; 0: no limit.
LOGIN_FAILURE_LIMIT = ENVIRONMENT.read_integer("LOGIN_FAILURE_LIMIT", "5")
FORWARDED_ALLOW_IPS = read_proxies(ENVIRONMENT)
WEB_METRICS_BIND_ADDRESS = ENVIRONMENT.read_optional_address("WEB_METRICS_BIND_ADDRESS")
TASKS_PROBE_ADDRESS = ENVIRONMENT.read_optional_address("TASKS_PROBE_ADDRESS")

PROPAGATION_RATE = tasks.read_propagation_rate(ENVIRONMENT)
AUDIT_RETENTION_DAYS = tasks.read_retention(ENVIRONMENT)
AUDIT_MAX_ROWS = tasks.read_audit_rows(ENVIRONMENT)
BACKUP_DIR = tasks.read_backup_dir(ENVIRONMENT)
BACKUP_MINUTES = tasks.read_backup_minutes(ENVIRONMENT)
BACKUP_KEEP = tasks.read_backup_keep(ENVIRONMENT)
SLACK_WEBHOOK_URL = tasks.read_slack_url(ENVIRONMENT)

# Under ASGI each request may run in another thread: a kept connection would pile up in each of them.
DATABASES = {"default": {**set_limits(DATABASE, lock=10, statement=300), "CONN_MAX_AGE": 0}}

INSTALLED_APPS = [
    *WORKER_APPS,
    "catalyst.web.admin.RegistryAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    *api.APPS,
    "records.logins",
    "records.queue.QueueConfig",
    "django_htmx",  # for its scripts: no more of it is loaded
]
MIDDLEWARE = [
    "catalyst.web.health.answer_probes",
    "catalyst.web.cookies.secure_cookies",
    "catalyst.web.csp.BrowserPolicy",
    "django.middleware.security.SecurityMiddleware",
    "catalyst.web.bodies.BodyLimits",
    "catalyst.web.queries.QueryLimits",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
if WEB_METRICS_BIND_ADDRESS:
    # Outside all others but the probes, whose requests say nothing about the web.
    MIDDLEWARE.insert(1, "django_prometheus.middleware.PrometheusBeforeMiddleware")
    MIDDLEWARE.append("django_prometheus.middleware.PrometheusAfterMiddleware")
PROMETHEUS_LATENCY_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
PROMETHEUS_EXPORT_MIGRATIONS = False
ROOT_URLCONF = "catalyst.web.urls"
ASGI_APPLICATION = "catalyst.web.asgi.application"
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
# Sent to visitors who came by HTTPS; a browser obeys it when it trusts the certificate.
SECURE_HSTS_SECONDS = browser.read_hsts_seconds(ENVIRONMENT)
