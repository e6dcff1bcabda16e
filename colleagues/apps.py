from django.apps import AppConfig


class ColleaguesConfig(AppConfig):
    name = "colleagues"
    verbose_name = "Colleagues"

    def ready(self) -> None:
        from colleagues import history  # noqa: F401  (importing registers its words)
