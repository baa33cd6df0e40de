"""Settings. Everything an operator changes comes from the environment; docs/settings.md lists it."""

from __future__ import annotations

import os
from pathlib import Path

import dj_database_url

from onwatch import environment, private_redis, secret
from onwatch.admin_look import UNFOLD as UNFOLD

BASE_DIR = Path(__file__).resolve().parent.parent


# --- Where things are -------------------------------------------------------------------------------------

ONWATCH_DATA = Path(os.environ.get("ONWATCH_DATA", BASE_DIR / "var")).resolve()
ONWATCH_DATA.mkdir(parents=True, exist_ok=True)

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = environment.port("PORT", 8000)
#: Senders need no key while nobody else can reach the console.
ONWATCH_KEYLESS = HOST in {"127.0.0.1", "::1", "localhost"} and not os.environ.get("CLICKHOUSE_URL")
#: gRPC and HTTP ports of the OTLP receivers, in this order; one is that of HTTP, empty for none.
ONWATCH_OTLP_PORTS = environment.two_ports("ONWATCH_OTLP_PORTS", "4317,4318")

CLICKHOUSE_URL = environment.address(
    "CLICKHOUSE_URL", f"chdb://{ONWATCH_DATA / 'telemetry'}", ("clickhouse", "clickhouses", "http", "https", "chdb")
)
#: Without a server of the operator's own, ``onwatch.processes`` starts a private one on this socket.
REDIS_SOCKET = private_redis.socket_path(ONWATCH_DATA)
REDIS_URL = environment.address("REDIS_URL", f"unix://{REDIS_SOCKET}", ("redis", "rediss", "unix"))
DATABASE_URL = environment.address(
    "DATABASE_URL", f"sqlite:///{ONWATCH_DATA / 'onwatch.sqlite3'}", ("postgres", "postgresql", "sqlite")
)

DATABASES = {"default": dj_database_url.parse(DATABASE_URL, conn_max_age=60, conn_health_checks=True)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-8000;",
    }
    # A file, because threads that share a database in memory do not wait for each other's locks.
    DATABASES["default"]["TEST"] = {"NAME": str(ONWATCH_DATA / "tests.sqlite3")}

#: How people reach the console; links in playbooks and notices begin with it.
ONWATCH_BASE_URL = environment.address("ONWATCH_BASE_URL", f"http://localhost:{PORT}", ("http", "https")).rstrip("/")

# --- First start ------------------------------------------------------------------------------------------

SECRET_KEY = os.environ.get("SECRET_KEY") or secret.read_or_create(ONWATCH_DATA / "secret_key")
ONWATCH_ADMIN_PASSWORD = os.environ.get("ONWATCH_ADMIN_PASSWORD", "")
ONWATCH_API_KEY = os.environ.get("ONWATCH_API_KEY", "")
ONWATCH_DEMO = environment.flag("ONWATCH_DEMO")
DEBUG = environment.flag("ONWATCH_DEBUG")
ALLOWED_HOSTS = environment.words("ONWATCH_ALLOWED_HOSTS", f"localhost,127.0.0.1,[::1],{HOST}")
CSRF_TRUSTED_ORIGINS = environment.origins("ONWATCH_TRUSTED_ORIGINS")

# --- Telemetry --------------------------------------------------------------------------------------------

#: Steps between decoding and storing, each ``f(spans: list[Span]) -> None``, in order.
TELEMETRY_PIPELINE = [
    "telemetry.redact.redact",
    "costs.enrich.price",
    "quality.sampling.mark",
]
#: Steps after storing, each ``f(spans: list[Span], scores: list[Score]) -> None``. A failure here is logged;
#: nothing is lost, because what they write is rebuilt from the store.
TELEMETRY_AFTER_STORE = ["telemetry.live.record.record"]
#: What is drawn on every time chart, each ``f(project: Project, span: TimeRange) -> list[Mark]``.
TELEMETRY_MARKS = ["telemetry.marks.changes", "incidents.marks.incidents", "costs.marks.price_changes"]

#: Modules whose ``JOBS`` the background runner keeps going.
BACKGROUND_JOBS = ["telemetry.jobs", "quality.jobs", "alerts.jobs", "incidents.jobs"]

#: A request is refused above the first before, above the second after decompression.
ONWATCH_MAX_BODY_BYTES = environment.whole("ONWATCH_MAX_BODY_BYTES", 64 * 1024 * 1024)
ONWATCH_MAX_DECODED_BYTES = environment.whole("ONWATCH_MAX_DECODED_BYTES", 64 * 1024 * 1024)
#: Requests waiting to be stored; above either, senders are told to come back.
ONWATCH_MAX_BACKLOG_BYTES = environment.whole("ONWATCH_MAX_BACKLOG_BYTES", 128 * 1024 * 1024)

ONWATCH_RETENTION_DAYS = environment.whole("ONWATCH_RETENTION_DAYS", 90, most=36_500)
ONWATCH_ROLLUP_RETENTION_DAYS = environment.whole("ONWATCH_ROLLUP_RETENTION_DAYS", 90, most=36_500)
ONWATCH_HOURLY_RETENTION_DAYS = environment.whole("ONWATCH_HOURLY_RETENTION_DAYS", 800, most=36_500)

# --- Django -----------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "channels",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "core",
    "accounts",
    "telemetry",
    "costs",
    "quality",
    "alerts",
    "incidents",
    "dashboard",
    "onwatch",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "core.security.ContentSecurityPolicyMiddleware",
    "core.staticfiles.StaticFilesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.CurrentProjectMiddleware",
]

ROOT_URLCONF = "onwatch.urls"
ASGI_APPLICATION = "onwatch.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context.projects",
                "incidents.context.open_incidents",
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
        },
    }
]

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"

# People come by invitation or OIDC; nobody signs up by themselves.
ACCOUNT_ADAPTER = "accounts.adapters.InvitedOnly"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
# Nothing is mailed from here; a page of allauth that would do so must not fail for want of a mail server.
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
ACCOUNT_RATE_LIMITS = {"login_failed": "10/5m/ip,5/5m/key"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Onwatch"
# Single sign-on knows people by an address that the provider has verified; see accounts/adapters.py.
SOCIALACCOUNT_ADAPTER = "accounts.adapters.KnownOrInvited"
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
# By a link: our content-security policy forbids forms whose answer leads to another host, as the provider's is.
SOCIALACCOUNT_LOGIN_ON_GET = True
SOCIALACCOUNT_PROVIDERS: dict[str, object] = {}
if os.environ.get("ONWATCH_OIDC_ISSUER"):
    OIDC_ISSUER = environment.address("ONWATCH_OIDC_ISSUER", "", ("https", "http"))
    SOCIALACCOUNT_PROVIDERS["openid_connect"] = {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "oidc",
                "name": os.environ.get("ONWATCH_OIDC_NAME", "single sign-on"),
                "client_id": os.environ.get("ONWATCH_OIDC_CLIENT_ID", ""),
                "secret": os.environ.get("ONWATCH_OIDC_CLIENT_SECRET", ""),
                "settings": {"server_url": OIDC_ISSUER.rstrip("/"), "email_authentication": True},
            }
        ],
    }

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = environment.flag("ONWATCH_HTTPS")
if environment.flag("ONWATCH_HTTPS"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "build" / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "core.finders.PlotlyFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "core.staticfiles.HashedStaticFilesStorage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_MAX_AGE = 31_536_000

CHANNEL_LAYERS = {
    "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}}
}

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {
        # While Redis is away this one repeats a traceback every second; telemetry.live.freshness says it once.
        "channels_redis.pubsub": {"level": "CRITICAL"},
        # A mistyped address is nothing that an operator can mend.
        "django.request": {"level": "ERROR"},
    },
    "root": {"handlers": ["stderr"], "level": environment.one_of("ONWATCH_LOG_LEVEL", "WARNING", LOG_LEVELS)},
}
