"""Alert rules, made as a person makes them in the admin."""

from playwright.sync_api import Page, expect

CHOICES = ("series", "severity", "condition", "direction", "baseline", "no_data")
#: Quick to fire and to resolve: error rate, half of the calls.
QUICK = {
    "series": "error_rate",
    "severity": "SEV2",
    "threshold": "50",
    "window_minutes": "1",
    "for_minutes": "0",
    "keep_firing_minutes": "0",
    "debounce_minutes": "0",
    "minimum_sample": "5",
    "check_every_seconds": "5",
}


def make_rule(page: Page, name: str, **values: str) -> None:
    page.goto("/admin/alerts/rule/add/?project=default")
    page.locator("input[name=name]").fill(name)
    page.locator("select[name=project]").select_option(label="My application")
    for field, value in (QUICK | values).items():
        if field in CHOICES:
            page.locator(f"select[name={field}]").select_option(value)
        else:
            page.locator(f"[name={field}]").fill(value)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("body")).to_contain_text(name)
