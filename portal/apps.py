from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = "Customer portal"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in, user_logged_out

        from portal import history  # noqa: F401  (importing registers its words)
        from portal.activity import record_sign_in
        from portal.impersonating import end_at_sign_out

        user_logged_in.connect(record_sign_in, dispatch_uid="portal.sign_in")
        user_logged_out.connect(end_at_sign_out, dispatch_uid="portal.sign_out")
