"""Single sign-on in a real browser, which holds every page to its content-security policy."""

import re

from playwright.sync_api import Browser, expect

from tests.accounts.openid_provider import CLIENT_ID, CLIENT_SECRET
from tests.accounts.openid_provider import running as provider_running
from tests.console import PASSWORD, running


def test_somebody_who_was_invited_comes_by_single_sign_on_and_comes_back(browser: Browser, tmp_path):
    with (
        provider_running() as provider,
        running(
            tmp_path,
            ONWATCH_OIDC_ISSUER=provider.url,
            ONWATCH_OIDC_CLIENT_ID=CLIENT_ID,
            ONWATCH_OIDC_CLIENT_SECRET=CLIENT_SECRET,
            ONWATCH_OIDC_NAME="Example SSO",
        ) as console,
    ):
        provider.person = {
            "sub": "u-1",
            "email": "rosa@example.org",
            "email_verified": True,
            "preferred_username": "rosa",
        }
        admin = browser.new_context(base_url=console.url).new_page()
        admin.goto("/accounts/login/")
        admin.locator("input[name=login]").fill("admin")
        admin.locator("input[name=password]").fill(PASSWORD)
        admin.get_by_role("button", name="Sign in").click()
        admin.goto("/settings/people/?project=default")
        admin.get_by_role("button", name="Make a link").click()
        link = admin.locator(".notice pre").inner_text()

        rosa = browser.new_context(base_url=console.url).new_page()
        rosa.goto("/accounts/login/")
        rosa.get_by_role("link", name="Sign in with Example SSO").click()
        expect(rosa.locator("main")).to_contain_text("You are not known here yet")
        rosa.goto(link)
        rosa.get_by_role("link", name="Continue with Example SSO").click()
        expect(rosa.locator("main")).to_contain_text("You are signed in as rosa")
        rosa.get_by_role("button", name="Join").click()
        rosa.wait_for_url(re.compile("project=default"))
        expect(rosa.locator(".frame__side .person")).to_contain_text("Viewer")

        again = browser.new_context(base_url=console.url).new_page()
        again.goto("/accounts/login/")
        again.get_by_role("link", name="Sign in with Example SSO").click()
        expect(again.locator(".frame__side .person")).to_contain_text("rosa")
        assert provider.refusals == []
        for page in (admin, rosa, again):
            page.context.close()
