from django.conf import settings


def test_tests_run_with_the_settings_of_tests_however_pytest_was_started() -> None:
    assert settings.TESTING
    assert settings.STORAGES["staticfiles"]["BACKEND"].endswith("StaticFilesStorage")
    assert settings.STATE.name == "test"
