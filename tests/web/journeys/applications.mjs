// Signing in, and working with applications: their credentials are tried as programs would.

import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

import { audit } from "../audit.mjs";
import { makeProgram } from "../program.mjs";
import { check } from "../report.mjs";
import { uuid } from "../stage.mjs";

export function applications(stage) {
  const { heading, link, button, path, sees, shoot, inspect, logIn, copied, row } = stage;
  const { base, email, secrets, known } = stage;
  const { trade, workspaces, refusedWithinASecond } = makeProgram(base);

  async function act(name, action) {
    await row(name).locator("summary").click();
    await row(name).getByRole(action === "Generate test token" ? "button" : "link", { name: action }).click();
  }

  async function rotate(name, choice) {
    await stage.page.goto("/settings/applications");
    await act(name, "Rotate secret");
    await sees(`Rotate the secret of ${name}`);
    await stage.page.getByRole("radio", { name: choice }).check();
    await button("Rotate secret").click();
    await sees("Secret rotated");
    const secret = await stage.page.getByLabel("Client secret").inputValue();
    secrets.push(secret);
    return secret;
  }

  return [
    ["somebody who is not signed in is sent to log in", async () => {
      await stage.page.goto("/settings/applications");
      check.equal(path(), "/login?next=%2Fsettings%2Fapplications");
      await sees("Log in to Ferrobyte");
      await inspect("01-login");
    }],

    ["a wrong password is told, and the e-mail is kept", async () => {
      await logIn(email, "not the password");
      const alert = stage.page.getByRole("alert");
      await alert.waitFor();
      check.match(await alert.innerText(), /e-mail or the password is wrong/);
      check.equal(await stage.page.getByLabel("Email").inputValue(), email);
      check.equal(await stage.page.getByLabel("Password").inputValue(), "");
      check.equal((await stage.page.context().cookies()).length, 0, "no session for a wrong password");
      await inspect("02-login-wrong");
    }],

    ["the right password leads to where one wanted to go", async () => {
      await logIn();
      await sees("Applications");
      check.equal(path(), "/settings/applications");
      const [cookie] = await stage.page.context().cookies();
      check.equal(cookie.name, "ferrobyte_session");
      check.ok(cookie.httpOnly && cookie.sameSite === "Lax" && !cookie.secure, "flags of the cookie");
      check.ok(cookie.value.length >= 43, "256 random bits");
      check.equal(await stage.page.evaluate(() => document.cookie), "", "the script cannot read it");
      secrets.push(cookie.value);
    }],

    ["the start page shows workspaces with ids to copy", async () => {
      await link("Ferrobyte").click();
      await sees("Home");
      const cells = await row("Default Workspace").getByRole("cell").first().locator("code").innerText();
      check.match(cells, uuid);
      check.equal(await copied("ID of Default Workspace"), cells);
      known.workspace = cells;
      await inspect("03-home");
    }],

    ["user name > User settings > Applications", async () => {
      const menu = stage.page.getByRole("navigation", { name: "Account" });
      check.equal(await link("User settings").isVisible(), false, "the menu is closed");
      await menu.locator("summary").click();
      await shoot("04-menu");
      await link("User settings").click();
      await sees("Profile");
      check.equal(path(), "/settings");
      await inspect("05-profile");
      await stage.page.getByRole("navigation", { name: "User settings" }).getByRole("link", { name: "Applications" }).click();
      await sees("Applications");
      check.equal(await link("Applications").getAttribute("aria-current"), "page");
      check.match(await stage.page.locator("main").innerText(), /it may do what you may do, and no more/i);
    }],

    ["the list tells what is there, or that nothing is", async () => {
      const rows = await stage.page.getByRole("table").getByRole("row").count();
      if (rows === 0) {
        check.equal(await stage.page.getByRole("heading", { name: "No applications yet" }).count(), 1);
      } else {
        const columns = await stage.page.getByRole("columnheader").allInnerTexts();
        check.deepEqual(columns.slice(0, 4), ["Name", "Client ID", "Created", "Last used"]);
        check.ok(rows > 1, "a table has rows");
      }
      known.before = Math.max(0, rows - 1);
      check.equal(await link("Create an application").count(), 1);
      await inspect("06-applications-before");
    }],

    ["an application without a name is refused beside its field", async () => {
      await link("Create an application").click();
      await sees("Create an application");
      await inspect("07-create");
      const field = stage.page.getByLabel("Name");
      await field.fill("   ");
      await button("Create application").click();
      await stage.page.getByText("Give the application a name.").waitFor();
      check.equal(await field.getAttribute("aria-invalid"), "true");
      const described = await field.evaluate((input) => document.getElementById(input.getAttribute("aria-describedby")).innerText);
      check.match(described, /Give the application a name/);
      await inspect("08-create-refused");
      await field.fill("n".repeat(300));
      check.equal((await field.inputValue()).length, 256, "the field takes no longer name");
    }],

    ["a created application shows its id and secret, to be copied", async () => {
      await stage.page.getByLabel("Name").fill("nightly-import");
      await button("Create application").click();
      await sees("Application created");
      known.clientId = await stage.page.getByLabel("Client ID").inputValue();
      known.secret = await stage.page.getByLabel("Client secret").inputValue();
      secrets.push(known.secret);
      check.match(known.clientId, uuid);
      check.match(known.secret, /^fbs_[\w-]{43}$/);
      check.equal(await copied("Client ID"), known.clientId);
      check.equal(await copied("Client secret"), known.secret);
      check.match(await stage.page.locator("main").innerText(), /only place that ever shows it/);
      await inspect("09-created");
    }],

    ["the command of that page gets a token", async () => {
      const command = await copied("command");
      const run = spawnSync("sh", ["-c", command], { encoding: "utf8", timeout: 15_000 });
      check.equal(run.status, 0, run.stderr);
      const answer = JSON.parse(run.stdout);
      check.equal(answer.token_type, "Bearer");
      check.equal(answer.expires_in, 3600);
      check.equal((await workspaces(answer.access_token)).status, 200);
    }],

    ["the secret is shown once: reloading shows none and makes no second application", async () => {
      await stage.page.reload();
      await sees("Applications");
      check.match(await stage.page.getByRole("status").first().innerText(), /no second application was made/);
      check.ok(!(await stage.page.content()).includes(known.secret), "the secret is not shown again");
      check.equal(await row("nightly-import").count(), 1);
      check.equal(await stage.page.getByRole("rowheader").count(), known.before + 1);
      await stage.page.goBack().catch(() => {});
      await sleep(500);
      check.ok(!(await stage.page.content()).includes(known.secret), "nor by going back");
      await stage.page.goto("/settings/applications");
      check.equal(await copied("client ID of nightly-import"), known.clientId);
    }],

    ["the secret buys a token that lists the workspaces", async () => {
      const wrong = await trade(known.clientId, `${known.secret}x`);
      check.equal(wrong.status, 401);
      const answer = await trade(known.clientId, known.secret);
      check.equal(answer.status, 200);
      known.token = answer.access_token;
      secrets.push(known.token);
      const { status, body } = await workspaces(known.token);
      check.equal(status, 200);
      check.ok(body.data.some(({ workspaceId }) => workspaceId === known.workspace), "the one of the start page");
    }],

    ["the list says when it was used", async () => {
      let text = "";
      for (let tries = 0; tries < 20 && !/minute|now/.test(text); tries += 1) {
        await stage.page.goto("/settings/applications");
        text = await row("nightly-import").getByRole("cell").nth(2).innerText();
        if (!/minute|now/.test(text)) await sleep(250);
      }
      check.match(text, /minute|now/, "last used a moment ago");
      const created = row("nightly-import").getByRole("cell").nth(1).locator("time");
      const written = await created.evaluate((time) => ({ machine: time.dateTime, title: time.title, shown: time.textContent }));
      check.ok(Math.abs(Date.parse(written.machine) - Date.now()) < 120_000, "created just now");
      check.match(written.title, /UTC$/);
      check.match(written.shown, /\d{4}/);
      await inspect("10-applications");
    }],

    ["a test token is shown, copied, downloaded and works", async () => {
      await act("nightly-import", "Generate test token");
      await sees("Test token for nightly-import");
      const token = await stage.page.getByLabel("Access token").inputValue();
      secrets.push(token);
      check.equal(await copied("access token"), token);
      const [download] = await Promise.all([stage.page.waitForEvent("download"), link("Download").click()]);
      check.match(download.suggestedFilename(), /^ferrobyte-token-\d{4}-\d\d-\d\d\.txt$/);
      check.equal(await readFile(await download.path(), "utf8"), token);
      check.equal((await workspaces(token)).status, 200);
      check.ok(Date.parse(await stage.page.locator("main time").getAttribute("datetime")) > Date.now() + 3_500_000, "expiry");
      const run = spawnSync("sh", ["-c", await copied("command")], { encoding: "utf8", timeout: 15_000 });
      check.ok(JSON.parse(run.stdout).data.length > 0, "the command lists workspaces");
      known.testToken = token;
      await inspect("11-token");
      await stage.page.goto(stage.page.url());
      await sees("Applications");
    }],

    ["rotating with grace: old and new both work", async () => {
      known.newSecret = await rotate("nightly-import", "1 hour");
      check.notEqual(known.newSecret, known.secret);
      check.match(await stage.page.locator("main").innerText(), /keep working until/);
      await inspect("12-rotated");
      check.equal((await trade(known.clientId, known.secret)).status, 200, "the old secret");
      check.equal((await trade(known.clientId, known.newSecret)).status, 200, "the new secret");
      check.equal((await workspaces(known.token)).status, 200, "the token of the old secret");
      await link("Done").click();
      await sees("Applications");
      check.match(await row("nightly-import").innerText(), /Old secret works until/);
      await inspect("13-applications-grace");
    }],

    ["reloading after rotating does not rotate again", async () => {
      const secret = await rotate("nightly-import", "24 hours");
      await stage.page.reload();
      await sees("Applications");
      check.match(await stage.page.getByRole("status").first().innerText(), /nothing was changed/);
      check.equal((await trade(known.clientId, secret)).status, 200, "the secret that was shown");
      check.ok(!(await stage.page.content()).includes(secret));
      known.newSecret = secret;
    }],

    ["rotating asks for a choice", async () => {
      await act("nightly-import", "Rotate secret");
      await inspect("14-rotate");
      await stage.page.getByRole("radio", { name: "Not at all" }).evaluate((radio) => (radio.form.noValidate = true));
      await button("Rotate secret").click();
      await stage.page.getByText("Choose how long the old secret keeps working.").waitFor();
      check.equal((await trade(known.clientId, known.newSecret)).status, 200, "nothing was changed");
    }],

    ["rotating without grace: the old secret and its tokens stop within a second", async () => {
      const { access_token: lastToken } = await trade(known.clientId, known.newSecret);
      check.equal((await workspaces(lastToken)).status, 200);
      const secret = await rotate("nightly-import", "Not at all");
      check.ok(await refusedWithinASecond(lastToken), "the token of the old secret");
      check.ok(await refusedWithinASecond(known.testToken), "the test token");
      check.equal((await trade(known.clientId, known.newSecret)).status, 401, "the old secret");
      const fresh = await trade(known.clientId, secret);
      check.equal(fresh.status, 200, "the new secret");
      known.lastToken = fresh.access_token;
      known.secret = secret;
      check.match(await stage.page.locator("main").innerText(), /have stopped working/);
    }],

    ["the three commands of the start page work one after the other", async () => {
      await stage.page.goto("/");
      const commands = [];
      for (const number of [1, 2, 3]) commands.push(await copied(`command for step ${number}`));
      commands[0] = commands[0]
        .replace("paste the client ID here", known.clientId)
        .replace("paste the client secret here", known.secret);
      const run = spawnSync("sh", ["-c", commands.join("\n")], { encoding: "utf8", timeout: 15_000 });
      check.equal(run.status, 0, run.stderr);
      check.equal(JSON.parse(run.stdout).data[0].workspaceId, known.workspace, run.stdout);
    }],

    ["an application of nobody is a page that does not exist", async () => {
      for (const id of ["00000000-0000-4000-8000-000000000000", "not-an-id"]) {
        const answer = await stage.page.goto(`/settings/applications/${id}/rotate`);
        check.equal(answer.status(), 404);
        await sees("There is no such page");
        check.equal(await stage.page.getByRole("navigation", { name: "Account" }).count(), 1, "still with the name above");
      }
      await inspect("15-not-found");
      const elsewhere = await stage.page.goto("/there/is/nothing/here");
      check.equal(elsewhere.status(), 404);
      check.match(elsewhere.headers()["content-type"], /^text\/html/);
      await sees("There is no such page");
    }],

    ["the page of the API lists its operations", async () => {
      await stage.page.goto("/");
      await link("API documentation").click();
      await heading(/Ferrobyte API/).waitFor();
      check.equal(await stage.page.getByRole("row").filter({ hasText: "/api/public/v1/workspaces" }).first().isVisible(), true);
      for (const [width, colorScheme] of [[1280, "light"], [390, "light"], [1280, "dark"]]) {
        await stage.page.setViewportSize({ width, height: 860 });
        await stage.page.emulateMedia({ colorScheme });
        await inspect(`16-api-${width}-${colorScheme}`);
      }
      await stage.page.setViewportSize({ width: 1280, height: 860 });
      await stage.page.emulateMedia({ colorScheme: "light" });
      await link("Your applications").click();
      await sees("Applications");
    }],

    ["a status in the address shows fixed words only", async () => {
      await stage.page.goto("/settings/applications?done=%3Cb%3EYou%20won%3C%2Fb%3E");
      check.ok(!(await stage.page.content()).includes("You won"));
      await stage.page.goto("/settings/applications?done=deleted");
      check.match(await stage.page.getByRole("status").first().innerText(), /was deleted/);
    }],

    ["a name is text, whatever is in it", async () => {
      const name = `<img src=x onerror="alert(1)"> & 'quotes' ‮`;
      await stage.page.goto("/settings/applications/new");
      await stage.page.getByLabel("Name").fill(name);
      await button("Create application").click();
      await sees("Application created");
      check.ok((await stage.page.locator("main").innerText()).includes(name.trim()));
      await stage.page.goto("/settings/applications");
      check.equal(await stage.page.locator("main img").count(), 0);
      await row("quotes").locator("summary").click();
      await row("quotes").getByRole("link", { name: "Delete" }).click();
      await button("Delete application").click();
      await sees("Applications");
      check.equal(await row("quotes").count(), 0);
    }],

    ["creating with the keyboard alone", async () => {
      await stage.page.goto("/settings/applications");
      const focused = () => stage.page.evaluate(() => {
        const at = document.activeElement;
        const style = getComputedStyle(at);
        const box = at.getBoundingClientRect();
        return {
          name: at.textContent.trim().replace(/\s+/g, " "),
          ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
          inView: box.width > 0 && box.height > 0,
        };
      });
      const tabTo = async (name) => {
        for (let stops = 0; stops < 60; stops += 1) {
          await stage.page.keyboard.press("Tab");
          const at = await focused();
          check.ok(at.ring && at.inView, `the focus on “${at.name}” can be seen`);
          if (at.name === name) return;
        }
        check.fail(`Tab never came to ${name}`);
      };
      await stage.page.keyboard.press("Tab");
      check.equal((await focused()).name, "Skip to the content");
      await shoot("17-skip");
      await tabTo("Create an application");
      await stage.page.keyboard.press("Enter");
      await sees("Create an application");
      await stage.page.keyboard.type("by-keyboard");
      await shoot("17-focus");
      await stage.page.keyboard.press("Enter");
      await sees("Application created");
      await tabTo("Copy Client secret");
      await stage.page.keyboard.press("Space");
      await stage.page.getByRole("status").filter({ hasText: "Copied to the clipboard" }).waitFor();
      const secret = await stage.page.evaluate(() => navigator.clipboard.readText());
      check.match(secret, /^fbs_/);
      secrets.push(secret);
      await tabTo("Done");
      await stage.page.keyboard.press("Enter");
      await sees("Applications");
      check.equal(await row("by-keyboard").count(), 1);
    }],

    ["everything fits on a narrow screen", async () => {
      for (const width of [390, 320]) {
        await stage.page.setViewportSize({ width, height: 800 });
        for (const [address, name] of [
          ["/", "home"],
          ["/settings", "profile"],
          ["/settings/applications", "applications"],
          ["/settings/applications/new", "create"],
        ]) {
          await stage.page.goto(address);
          await inspect(`18-narrow-${width}-${name}`);
        }
        await stage.page.goto("/settings/applications");
        check.equal(await stage.page.locator("thead").isVisible(), false, "rows have become cards");
        check.equal(await row("by-keyboard").getByRole("cell").first().isVisible(), true);
        await act("by-keyboard", "Generate test token");
        await sees("Test token for by-keyboard");
        await inspect(`18-narrow-${width}-token`);
        await rotate("by-keyboard", "Not at all");
        await inspect(`18-narrow-${width}-secret`);
      }
      await stage.page.setViewportSize({ width: 1280, height: 860 });
    }],

    ["no width between is too narrow for its layout", async () => {
      for (const width of [768, 959, 961, 1024, 1215, 1217]) {
        await stage.page.setViewportSize({ width, height: 860 });
        for (const address of ["/", "/settings/applications"]) {
          await stage.page.goto(address);
          const over = await stage.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
          check.ok(over <= 0, `${address} is ${over} pixels too wide at ${width}`);
        }
      }
      await stage.page.setViewportSize({ width: 1280, height: 860 });
    }],

    ["the dark scheme is dark, and its colours can be told apart", async () => {
      const light = await audit(stage.page);
      check.ok(light.paper > 0.8, "light is light");
      await stage.page.emulateMedia({ colorScheme: "dark" });
      for (const [address, name] of [
        ["/", "home"],
        ["/settings", "profile"],
        ["/settings/applications", "applications"],
        ["/settings/applications?done=deleted", "deleted"],
        ["/settings/applications/new", "create"],
        ["/settings/applications/new?x", "create-again"],
        ["/nothing", "not-found"],
      ]) {
        await stage.page.goto(address);
        check.ok((await audit(stage.page)).paper < 0.05, "dark is dark");
        await inspect(`19-dark-${name}`);
      }
      await rotate("by-keyboard", "Not at all");
      await inspect("19-dark-secret");
      await stage.page.emulateMedia({ colorScheme: "light" });
    }],

    ["deleting names the application and asks first", async () => {
      await stage.page.goto("/settings/applications");
      await act("nightly-import", "Delete");
      await sees("Delete nightly-import?");
      check.match(await stage.page.locator("main").innerText(), /cannot be undone/);
      await inspect("20-delete");
      await link("Cancel").click();
      check.equal(await row("nightly-import").count(), 1, "cancelled");
      check.equal((await workspaces(known.lastToken)).status, 200);
      await act("nightly-import", "Delete");
      await button("Delete application").click();
      await sees("Applications");
      check.equal(await row("nightly-import").count(), 0);
      check.match(await stage.page.getByRole("status").first().innerText(), /was deleted/);
      check.ok(await refusedWithinASecond(known.lastToken), "its token");
      check.equal((await trade(known.clientId, known.secret)).status, 401, "its secret");
      await inspect("21-deleted");
    }],
  ];
}
