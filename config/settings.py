"""Settings of Roster. They read the environment and start nothing (docs/running.md lists what can be set)."""

import os
from importlib.util import find_spec
from pathlib import Path

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

import config.celery  # noqa: F401  (so that shared tasks find their app in every process)
from config import logs, secrets

BASE_DIR = Path(__file__).resolve().parent.parent


def flag(name: str) -> bool:
    return os.environ.get(name, "").lower() in {"1", "true", "yes", "on"}


def words(name: str) -> list[str]:
    return os.environ.get(name, "").replace(",", " ").split()


# Where and as what this process runs
TESTING = os.environ.get("ROSTER_ENV") == "test"
DEBUG = flag("ROSTER_DEBUG")
PROCESS = os.environ.get("ROSTER_PROCESS", "command")
if PROCESS not in {"web", "worker", "command"}:
    raise ImproperlyConfigured(f"ROSTER_PROCESS is {PROCESS!r}; it must be web, worker or command.")
VAR = Path(os.environ.get("ROSTER_VAR") or BASE_DIR / "var").resolve()
STATE = VAR / ("test" if TESTING else "main")

# Keys, outside the database (reliability 13)
SECRET_KEY = os.environ.get("SECRET_KEY") or secrets.kept(STATE / "secret.key")
SUPPRESSION_KEY_GIVEN = bool(os.environ.get("ROSTER_SUPPRESSION_KEY"))
SUPPRESSION_KEY = os.environ.get("ROSTER_SUPPRESSION_KEY") or secrets.kept(STATE / "suppression.key")

# What was permanently deleted, outside the database too: best on another disk (reliability 14)
ERASURE_LEDGER = os.environ.get("ROSTER_ERASURE_LEDGER") or STATE / "erasures.jsonl"

# Apps: top to bottom, each imports only from those below
ROSTER_APPS = [
    "dashboard",
    "outgoing",
    "api",
    "portal",
    "retention",
    "integrations",
    "engagement",
    "feedback",
    "customers",
    "colleagues",
    "accounts",
    "properties",
    "audit",
    "staff",
    "core",
]
INSTALLED_APPS = [
    *ROSTER_APPS,
    "config.admin.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "csp",
    "django_filters",
    "django_htmx",
    "lucide",
    "pgtrigger",
    "template_partials.apps.SimpleAppConfig",
]
if (DEBUG or TESTING or PROCESS == "command") and find_spec("django_linear_migrations"):
    INSTALLED_APPS.append("django_linear_migrations")
if TESTING and find_spec("zeal"):
    INSTALLED_APPS.append("zeal")  # a page that asks once a row fails its test
FIRST_PARTY_APPS = ROSTER_APPS
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.middleware.RefuseMiddleware",
    "core.middleware.NoStoreMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "core.middleware.SignInMiddleware",
    "portal.middleware.ImpersonationMiddleware",
    "staff.preferences.TimeZoneMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
if "zeal" in INSTALLED_APPS:
    MIDDLEWARE.append("zeal.middleware.zeal_middleware")
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

# Database: PostgreSQL 15 or newer
DATABASES = {"default": dj_database_url.parse(os.environ.get("DATABASE_URL") or "postgres:///roster")}
DATABASE = DATABASES["default"]
if DATABASE["ENGINE"] != "django.db.backends.postgresql":
    raise ImproperlyConfigured("DATABASE_URL must begin with postgres://: Roster needs PostgreSQL 15 or newer.")
TIMEOUTS = {  # nobody waits for ever, and nobody keeps a lock while thinking (reliability 5)
    "web": {"lock_timeout": "5s", "statement_timeout": "20s", "idle_in_transaction_session_timeout": "30s"},
    "worker": {"lock_timeout": "20s", "statement_timeout": "5min", "idle_in_transaction_session_timeout": "2min"},
    "command": {"lock_timeout": "20s"},
}[PROCESS]
OPTIONS = DATABASE.setdefault("OPTIONS", {})
PLANNING = {"jit": "off", "random_page_cost": "1.1"}  # short queries, solid disks
GIVEN = {**PLANNING, **TIMEOUTS}
OPTIONS["options"] = " ".join([*(f"-c {name}={value}" for name, value in GIVEN.items()), OPTIONS.get("options", "")])
OPTIONS.setdefault("application_name", f"roster {PROCESS}")
OPTIONS.setdefault("connect_timeout", 5)
DATABASE["CONN_MAX_AGE"] = 0
if PROCESS == "web" and not TESTING:
    OPTIONS["pool"] = {"min_size": 2, "max_size": 8, "timeout": 10}

# Redis: a cache that may vanish, and Celery's broker. Every key begins with a prefix, so that a server can be shared.
REDIS_URL = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/0"
REDIS_PREFIX = os.environ.get("ROSTER_REDIS_PREFIX", "roster-test" if TESTING else "roster") + ":"
if TESTING:  # processes that test side by side do not read each other's keys
    REDIS_PREFIX += os.environ.get("PYTEST_XDIST_WORKER", "alone") + ":"
CACHES = {
    "default": {
        "BACKEND": "core.caching.FailingOpenRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": REDIS_PREFIX + "cache",
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 2},
    },
    # The parts of the frame that are the same for everybody with the same rights, in this process's memory
    "template_fragments": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "TIMEOUT": None},
}

# Celery: state lives in PostgreSQL, tasks only poke it (reliability 6 and 7)
CELERY_BROKER_URL = "memory://" if TESTING else REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": REDIS_PREFIX,
    "visibility_timeout": 900,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 2,
    "socket_timeout": 30,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 600  # below the visibility timeout: else a long task is delivered again while it runs
CELERY_TASK_SOFT_TIME_LIMIT = 570
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 5.0
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 400_000  # kilobytes
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "sweep jobs": {"task": "core.tasks.sweep", "schedule": 15.0, "options": {"expires": 15}},
    "forget import files": {"task": "integrations.tasks.forget_import_files", "schedule": 3600.0},
    "count deliveries": {
        "task": "integrations.tasks.count_delivery_hours",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "find duplicates": {"task": "customers.tasks.find_duplicates", "schedule": 3600.0},
    "count segments": {"task": "customers.tasks.count_segments", "schedule": 600.0, "options": {"expires": 600}},
    "forget messages": {"task": "engagement.tasks.forget_messages", "schedule": 3600.0},
    "forget merges": {"task": "customers.tasks.forget_merges", "schedule": 3600.0},
    "retention runs": {"task": "retention.tasks.start_due_runs", "schedule": 60.0, "options": {"expires": 60}},
    "end impersonations": {
        "task": "portal.tasks.end_impersonations",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "forget answers": {"task": "api.tasks.forget_answers", "schedule": 3600.0},
    "forget sessions": {"task": "core.tasks.forget_sessions", "schedule": 24 * 3600.0},
    "send webhooks": {"task": "outgoing.tasks.send_due", "schedule": 3.0, "options": {"expires": 3}},
    "forget webhooks sent": {"task": "outgoing.tasks.forget", "schedule": 3600.0, "options": {"expires": 3600}},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(STATE / "beat")

# Sign-in
AUTH_USER_MODEL = "staff.User"
AUTHENTICATION_BACKENDS = ["staff.backend.StaffBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher"
    if TESTING  # thousands of sign-ins; what is stored is not under test
    else "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 7 * 24 * 3600  # of an invitation; a reset's link ends sooner (staff/inviting.py)
LOGIN_URL = "staff:sign_in"
LOGIN_REDIRECT_URL = "dashboard:overview"
LOGOUT_REDIRECT_URL = LOGIN_URL
ACCOUNT_ADAPTER = "staff.adapter.SignInAdapter"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PRESERVE_USERNAME_CASING = False
ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("ALLAUTH_TRUSTED_PROXY_COUNT", "0"))  # whose X-Forwarded-For counts
ACCOUNT_FORMS = {"reauthenticate": "staff.code_forms.PasswordAgainForm"}
ACCOUNT_REAUTHENTICATION_TIMEOUT = 10 * 60
MFA_ADAPTER = "staff.second_factor.TwoFactorAdapter"
MFA_FORMS = {
    "authenticate": "staff.code_forms.CodeForm",
    "authenticate_webauthn": "staff.code_forms.PasskeyForm",
    "reauthenticate": "staff.code_forms.CodeAgainForm",
    "reauthenticate_webauthn": "staff.code_forms.PasskeyAgainForm",
    "login_webauthn": "staff.code_forms.SignInByPasskeyForm",
    "activate_totp": "staff.code_forms.AddAppForm",
    "add_webauthn": "staff.code_forms.AddPasskeyForm",
    "edit_webauthn": "staff.code_forms.RenamePasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "Roster"
MFA_TOTP_TOLERANCE = 1  # half a minute that a phone's clock is wrong
MFA_ALLOW_UNVERIFIED_EMAIL = True  # emails are an admin's to give, not verified by their owners
SECRET_KEY_FALLBACKS = words("SECRET_KEY_FALLBACKS")

# OpenID Connect (docs/signing-in.md): without OIDC_URL there is no such way in
OIDC_URL = os.environ.get("OIDC_URL", "")
OIDC_NAME = os.environ.get("OIDC_NAME", "single sign-on") if OIDC_URL else ""
OIDC_DOMAINS = {domain.casefold() for domain in words("OIDC_DOMAINS")}  # whose people need no invitation
OIDC_ROLE = os.environ.get("OIDC_ROLE", "viewer")
if OIDC_ROLE not in {"viewer", "support", "admin"}:
    raise ImproperlyConfigured(f"OIDC_ROLE is {OIDC_ROLE!r}; it must be viewer, support or admin.")
OIDC_EMAILS_VERIFIED = flag("OIDC_EMAILS_VERIFIED")  # of a provider that owns its people's emails and does not say so
SOCIALACCOUNT_ADAPTER = "staff.single_sign_on.SingleSignOnAdapter"
SOCIALACCOUNT_LOGIN_ON_GET = True
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "sso",
                "name": OIDC_NAME,
                "client_id": os.environ.get("OIDC_CLIENT_ID", ""),
                "secret": os.environ.get("OIDC_CLIENT_SECRET", ""),
                "settings": {"server_url": OIDC_URL},
            }
        ],
    }
}

SESSION_ENGINE = "staff.sessions"  # PostgreSQL: nobody is signed out when Redis is down (reliability 26)
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_NAME = "roster_session"
CSRF_COOKIE_NAME = "roster_csrf"
CSRF_FAILURE_VIEW = "core.views.errors.csrf_failure"
CSRF_COOKIE_HTTPONLY = True  # pages carry the token; no script reads the cookie

IMPERSONATION_MINUTES = int(os.environ.get("IMPERSONATION_MINUTES", "30"))  # staff in the portal as a customer (8.3)

# What browsers may do
HOSTS_HERE = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = words("ALLOWED_HOSTS") or [*HOSTS_HERE, *(host for host in words("HOST") if host != "0.0.0.0")]  # noqa: S104
CSRF_TRUSTED_ORIGINS = words("CSRF_TRUSTED_ORIGINS")
EMBEDDED_DATABASE = flag("ROSTER_EMBEDDED")  # ours, not one that DATABASE_URL named
HTTPS = flag("ROSTER_HTTPS")  # behind a proxy that ends TLS and sets X-Forwarded-Proto
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz)$"]
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# What people may send (reliability 23)
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
DATA_UPLOAD_MAX_NUMBER_FILES = 5
UPLOAD_MAX_BYTES = 1024**3
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
MEDIA_ROOT = STATE / "uploads"

# Pages
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "builtins": ["core.templatetags.addresses"],
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ]
                    if DEBUG
                    else [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "staff.context.shell",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
STATIC_URL = "/static/"
STATICFILES_DIRS = [path for path in [BASE_DIR / "static"] if path.is_dir()]
STATICFILES_FINDERS = [
    "core.assets.BundleFinder",
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
STATIC_ROOT = STATE / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TESTING or DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = TESTING or DEBUG
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
PAGE_SIZE = 50
PAGE_SIZE_SMALL = 10  # panels of a page
MERGE_UNDO_DAYS = int(os.environ.get("MERGE_UNDO_DAYS", "30"))  # a merge of customers can be undone for so long
COUNT_LIMIT = 10_000  # counts stop here and say "10,000+"
DELETED_KEPT_DAYS = 30  # what was deleted can be restored for so long, unless a retention policy says otherwise
ORPHAN_GRACE_DAYS = 90  # a customer who came only from documents and lost the last one (product 5.4)
RATE_LIMIT_PER_MINUTE = int(os.environ.get("RATE_LIMIT_PER_MINUTE", "12000"))  # requests a minute with one key
WEBHOOKS_TO_PRIVATE_ADDRESSES = flag("ROSTER_WEBHOOKS_TO_PRIVATE_ADDRESSES")  # and to http: for networks of one's own
WEBHOOK_LOG_DAYS = int(os.environ.get("WEBHOOK_LOG_DAYS", "30"))  # how long outgoing deliveries stay in the log
WEBHOOK_SECRET_OVERLAP_HOURS = 24  # a replaced secret still signs, beside the new one
EMAIL_INTAKE_MAX_BYTES = int(os.environ.get("EMAIL_INTAKE_MAX_BYTES", str(10 * 1024 * 1024)))  # attachments included
WIDGET_PER_MINUTE = int(os.environ.get("WIDGET_PER_MINUTE", "120"))  # messages a minute by one site key
WIDGET_PER_ADDRESS = int(os.environ.get("WIDGET_PER_ADDRESS", "10"))  # and by one network address
DEFAULT_PHONE_REGION = os.environ.get("DEFAULT_PHONE_REGION", "US")

# Mail
EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = flag("EMAIL_USE_TLS")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "Roster <roster@localhost>")
EMAIL_FILE_PATH = os.environ.get("EMAIL_FILE_PATH")  # a folder: each mail a file in it, nothing is sent
if EMAIL_FILE_PATH:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
elif "EMAIL_HOST" not in os.environ:
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

LOGGING_CONFIG = None
logs.configure(readable=DEBUG or flag("ROSTER_LOGS_READABLE"), quiet=TESTING)
