// What ends a session, what does not begin one, and what pages do for those who have none.

import { join } from "node:path";

import { check } from "../report.mjs";
import { startServer } from "../server.mjs";

export function sessions(stage, binary) {
  const { link, button, path, sees, shoot, inspect, logIn, row } = stage;
  const { base, email, output, openWindow, secrets } = stage;

  return [
    ["changing the password ends the other sessions", async () => {
      const here = stage.page;
      stage.page = await openWindow();
      await stage.page.goto("/login");
      await logIn();
      await sees("Home");
      const other = stage.page;
      stage.page = here;
      await stage.page.goto("/settings");
      const fill = async (current, fresh, repeat) => {
        await stage.page.getByLabel("Current password").fill(current);
        await stage.page.getByLabel("New password", { exact: true }).fill(fresh);
        await stage.page.getByLabel("Repeat new password").fill(repeat);
        await button("Change password").click();
      };
      await fill(stage.password, "another-long-password", "another-lung-password");
      await stage.page.getByText("This is not the same as the new password.").waitFor();
      check.equal(await stage.page.getByLabel("Repeat new password").getAttribute("aria-invalid"), "true");
      await inspect("22-password-refused");
      await fill("wrong-password", "another-long-password", "another-long-password");
      await stage.page.getByText("This is not your password.").waitFor();
      check.equal(await stage.page.getByLabel("Current password").getAttribute("aria-invalid"), "true");
      await fill(stage.password, "another-long-password", "another-long-password");
      await stage.page.getByText("Your password was changed.").waitFor();
      stage.password = "another-long-password";
      secrets.push(stage.password);
      await inspect("23-password-changed");
      await other.goto("/settings");
      check.match(other.url(), /\/login/, "the other session has ended");
      await other.context().close();
    }],

    ["a form from another site does nothing", async () => {
      const [cookie] = await stage.page.context().cookies();
      const cookies = `${cookie.name}=${cookie.value}`;
      for (const headers of [{ "sec-fetch-site": "cross-site" }, { origin: "https://evil.example" }]) {
        const answer = await fetch(`${base}/logout`, {
          method: "POST", redirect: "manual", headers: { ...headers, cookie: cookies },
        });
        check.equal(answer.status, 403, JSON.stringify(headers));
        check.match(await answer.text(), /came from elsewhere/);
      }
      await stage.page.goto("/settings");
      await sees("Profile");
    }],

    ["what is no form is answered with a page as well", async () => {
      for (const [headers, body, status] of [
        [{ "content-type": "application/json" }, "{}", 415],
        [{ "content-type": "application/x-www-form-urlencoded" }, `password=${"x".repeat(100_000)}`, 413],
      ]) {
        const answer = await fetch(`${base}/login`, { method: "POST", redirect: "manual", headers, body });
        check.equal(answer.status, status);
        check.match(await answer.text(), /<h1>/);
      }
      const deleting = await fetch(`${base}/settings`, { method: "DELETE" });
      check.equal(deleting.status, 405);
      check.match(await deleting.text(), /<h1>That does not work here/);
      const program = await fetch(`${base}/there/is/nothing/here`, { headers: { accept: "application/json" } });
      check.equal((await program.json()).status, 404, "programs get a problem");
    }],

    ["behind https the cookie is for https, and the commands name the public address", async () => {
      const address = "https://data.example.org";
      const second = await startServer(binary, {
        logFile: join(output, "server-https.log"), email, password: "behind-https-password",
        environment: { FERROBYTE_EXTERNAL_URL: address },
      });
      try {
        const body = new URLSearchParams({ email, password: "behind-https-password", next: "/settings" });
        // A proxy that changes the host: the form's origin is the public address, not the host we see.
        const headers = { origin: address };
        const answer = await fetch(`${second.base}/login`, { method: "POST", redirect: "manual", headers, body });
        check.equal(answer.status, 303);
        const [cookie, ...flags] = answer.headers.get("set-cookie").split("; ");
        check.match(cookie, /^__Host-ferrobyte_session=[\w-]{43}$/);
        check.deepEqual(flags.filter((flag) => !flag.startsWith("Max-Age")), ["Path=/", "HttpOnly", "SameSite=Lax", "Secure"]);
        const location = answer.headers.get("location");
        check.equal(location, "/login?done=login&next=%2Fsettings");
        const lost = await fetch(`${second.base}${location}`, { redirect: "manual" });
        check.match(await lost.text(), /did not keep the session/, "a browser that drops the cookie is told");
        const kept = await fetch(`${second.base}${location}`, { redirect: "manual", headers: { cookie } });
        check.equal(kept.headers.get("location"), "/settings");
        const home = await fetch(`${second.base}/`, { headers: { cookie } });
        check.match(await home.text(), /curl -sS https:\/\/data\.example\.org\/api\/public\/v1\/workspaces/);
      } finally {
        await second.stop();
      }
    }],

    ["logging out ends the session in the browser and on the server", async () => {
      const [cookie] = await stage.page.context().cookies();
      await stage.page.getByRole("navigation", { name: "Account" }).locator("summary").click();
      await button("Log out").click();
      await sees("Log in to Ferrobyte");
      check.match(await stage.page.getByRole("status").first().innerText(), /logged out/);
      check.equal((await stage.page.context().cookies()).length, 0, "the cookie is gone");
      await inspect("24-logged-out");
      const headers = { cookie: `${cookie.name}=${cookie.value}` };
      const answer = await fetch(`${base}/settings`, { headers, redirect: "manual" });
      check.equal(answer.status, 303, "its value is worth nothing any more");
      check.equal(answer.headers.get("location"), "/login?next=%2Fsettings");
    }],

    ["nobody is sent to another site after logging in", async () => {
      for (const evil of ["//evil.example", "https://evil.example/", "/%5Cevil.example", "/%09/evil.example"]) {
        await stage.page.goto(`/login?next=${encodeURIComponent(decodeURIComponent(evil))}`);
        check.equal(await stage.page.locator("input[name=next]").count(), 0, evil);
      }
      await logIn();
      await sees("Home");
      await stage.page.goto("/login?next=%2Fsettings");
      await sees("Profile");
      check.equal(path(), "/settings", "whoever is signed in goes on at once");
    }],

    ["everything works without the script", async () => {
      stage.page = await openWindow({ javaScriptEnabled: false });
      await stage.page.goto("/settings/applications/new");
      await logIn();
      await sees("Create an application");
      await stage.page.getByLabel("Name").fill("scriptless");
      await button("Create application").click();
      await sees("Application created");
      check.match(await stage.page.getByLabel("Client secret").inputValue(), /^fbs_/);
      check.equal(await stage.page.getByRole("button", { name: /Copy/ }).count(), 0, "no button that does nothing");
      await shoot("25-no-script");
      await link("Done").click();
      check.match(await row("scriptless").getByRole("cell").nth(1).innerText(), /UTC$/);
      await row("scriptless").locator("summary").click();
      await row("scriptless").getByRole("link", { name: "Delete" }).click();
      await button("Delete application").click();
      check.equal(await row("scriptless").count(), 0);
    }],

    ["too many wrong passwords are slowed down", async () => {
      stage.page = await openWindow();
      await stage.page.goto("/login");
      let status = 0;
      let answer;
      for (let tries = 0; tries < 40 && status !== 429; tries += 1) {
        [answer] = await Promise.all([
          stage.page.waitForResponse((response) => response.request().method() === "POST"),
          logIn("eve@example.org", `guess number ${tries}`),
        ]);
        status = answer.status();
        await stage.page.getByRole("alert").waitFor();
      }
      check.equal(status, 429);
      check.ok(Number(answer.headers()["retry-after"]) > 0, "told when to come back");
      check.match(await stage.page.getByRole("alert").innerText(), /Too many wrong attempts/);
      await inspect("26-too-many");
    }],
  ];
}
