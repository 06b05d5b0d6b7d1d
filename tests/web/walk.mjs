// Walks the pages of a real server in a real browser, as a person would: everything is found by its
// role and its name. Usage: node walk.mjs [path to the ferrobyte binary]

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { audit } from "./audit.mjs";
import { openBrowser } from "./browser.mjs";
import { check, walk } from "./report.mjs";
import { startServer } from "./server.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const binary = resolve(process.argv[2] ?? process.env.FERROBYTE_BINARY ?? join(root, "target/debug/ferrobyte"));
const output = join(root, "target/web");
const email = "ada@example.org";
let password = "correct-horse-battery";
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

if (!existsSync(binary)) {
  console.error(`there is no ${binary}; build it with: cargo build`);
  process.exit(2);
}
await rm(output, { recursive: true, force: true });
await mkdir(output, { recursive: true });
const logFile = join(output, "server.log");
const database = process.env.DATABASE_URL ? { DATABASE_URL: process.env.DATABASE_URL } : {};
const server = await startServer(binary, { logFile, email, password, environment: database });
const { base } = server;
const { browser, heard, openWindow } = await openBrowser(base).catch(async (error) => {
  await server.stop();
  throw error;
});

let page = await openWindow();
const secrets = [password];
const known = {};

// What a person does.

const heading = (name) => page.getByRole("heading", { level: 1, name });
const link = (name) => page.getByRole("link", { name, exact: true });
const button = (name) => page.getByRole("button", { name, exact: true });
const path = () => new URL(page.url()).pathname + new URL(page.url()).search;

async function sees(name) {
  await heading(name).waitFor();
  check.equal(await heading(name).count(), 1, `one heading ${name}`);
}

async function shoot(name) {
  await page.screenshot({ path: join(output, `${name}.png`), fullPage: true });
}

// Every page that is looked at is also held against what must be true of all of them.
async function inspect(name) {
  const { faults, texts } = await audit(page);
  check.deepEqual(faults, [], `${name}: ${faults.join("; ")}`);
  check.ok(texts > 5, `${name}: hardly any text`);
  await shoot(name);
}

async function logIn(as = email, word = password) {
  await page.getByLabel("Email").fill(as);
  await page.getByLabel("Password").fill(word);
  await button("Log in").click();
}

async function copied(name) {
  await page.evaluate(() => navigator.clipboard.writeText("nothing yet"));
  await button(`Copy ${name}`).click();
  await page.getByRole("status").filter({ hasText: "Copied to the clipboard" }).waitFor();
  return page.evaluate(() => navigator.clipboard.readText());
}

const row = (name) => page.getByRole("row").filter({ has: page.getByRole("rowheader", { name }) });

async function act(name, action) {
  await row(name).locator("summary").click();
  await row(name).getByRole(action === "Generate test token" ? "button" : "link", { name: action }).click();
}

// What a program does.

async function trade(clientId, clientSecret) {
  const body = JSON.stringify({ client_id: clientId, client_secret: clientSecret });
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${base}/api/v1/applications/token`, { method: "POST", headers, body });
  return { status: answer.status, ...(await answer.json()) };
}

async function workspaces(token) {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${base}/api/public/v1/workspaces`, { headers });
  return { status: answer.status, body: await answer.json() };
}

// True as soon as the answer is 401, false when it is still another after a second.
async function refusedWithinASecond(token) {
  const limit = Date.now() + 1000;
  for (;;) {
    if ((await workspaces(token)).status === 401) return true;
    if (Date.now() > limit) return false;
    await sleep(50);
  }
}

async function rotate(name, choice) {
  await page.goto("/settings/applications");
  await act(name, "Rotate secret");
  await sees(`Rotate the secret of ${name}`);
  await page.getByRole("radio", { name: choice }).check();
  await button("Rotate secret").click();
  await sees("Secret rotated");
  const secret = await page.getByLabel("Client secret").inputValue();
  secrets.push(secret);
  return secret;
}

const steps = [
  ["somebody who is not signed in is sent to log in", async () => {
    await page.goto("/settings/applications");
    check.equal(path(), "/login?next=%2Fsettings%2Fapplications");
    await sees("Log in to Ferrobyte");
    await inspect("01-login");
  }],

  ["a wrong password is told, and the e-mail is kept", async () => {
    await logIn(email, "not the password");
    const alert = page.getByRole("alert");
    await alert.waitFor();
    check.match(await alert.innerText(), /e-mail or the password is wrong/);
    check.equal(await page.getByLabel("Email").inputValue(), email);
    check.equal(await page.getByLabel("Password").inputValue(), "");
    check.equal((await page.context().cookies()).length, 0, "no session for a wrong password");
    await inspect("02-login-wrong");
  }],

  ["the right password leads to where one wanted to go", async () => {
    await logIn();
    await sees("Applications");
    check.equal(path(), "/settings/applications");
    const [cookie] = await page.context().cookies();
    check.equal(cookie.name, "ferrobyte_session");
    check.ok(cookie.httpOnly && cookie.sameSite === "Lax" && !cookie.secure, "flags of the cookie");
    check.ok(cookie.value.length >= 43, "256 random bits");
    check.equal(await page.evaluate(() => document.cookie), "", "the script cannot read it");
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
    const menu = page.getByRole("navigation", { name: "Account" });
    check.equal(await link("User settings").isVisible(), false, "the menu is closed");
    await menu.locator("summary").click();
    await shoot("04-menu");
    await link("User settings").click();
    await sees("Profile");
    check.equal(path(), "/settings");
    await inspect("05-profile");
    await page.getByRole("navigation", { name: "User settings" }).getByRole("link", { name: "Applications" }).click();
    await sees("Applications");
    check.equal(await link("Applications").getAttribute("aria-current"), "page");
    check.match(await page.locator("main").innerText(), /it may do what you may do, and no more/i);
  }],

  ["the list tells what is there, or that nothing is", async () => {
    const rows = await page.getByRole("table").getByRole("row").count();
    if (rows === 0) {
      check.equal(await page.getByRole("heading", { name: "No applications yet" }).count(), 1);
    } else {
      const columns = await page.getByRole("columnheader").allInnerTexts();
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
    const field = page.getByLabel("Name");
    await field.fill("   ");
    await button("Create application").click();
    await page.getByText("Give the application a name.").waitFor();
    check.equal(await field.getAttribute("aria-invalid"), "true");
    const described = await field.evaluate((input) => document.getElementById(input.getAttribute("aria-describedby")).innerText);
    check.match(described, /Give the application a name/);
    await inspect("08-create-refused");
    await field.fill("n".repeat(300));
    check.equal((await field.inputValue()).length, 256, "the field takes no longer name");
  }],

  ["a created application shows its id and secret, to be copied", async () => {
    await page.getByLabel("Name").fill("nightly-import");
    await button("Create application").click();
    await sees("Application created");
    known.clientId = await page.getByLabel("Client ID").inputValue();
    known.secret = await page.getByLabel("Client secret").inputValue();
    secrets.push(known.secret);
    check.match(known.clientId, uuid);
    check.match(known.secret, /^fbs_[\w-]{43}$/);
    check.equal(await copied("Client ID"), known.clientId);
    check.equal(await copied("Client secret"), known.secret);
    check.match(await page.locator("main").innerText(), /only place that ever shows it/);
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
    await page.reload();
    await sees("Applications");
    check.match(await page.getByRole("status").first().innerText(), /no second application was made/);
    check.ok(!(await page.content()).includes(known.secret), "the secret is not shown again");
    check.equal(await row("nightly-import").count(), 1);
    check.equal(await page.getByRole("rowheader").count(), known.before + 1);
    await page.goBack().catch(() => {});
    await sleep(500);
    check.ok(!(await page.content()).includes(known.secret), "nor by going back");
    await page.goto("/settings/applications");
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
      await page.goto("/settings/applications");
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
    const token = await page.getByLabel("Access token").inputValue();
    secrets.push(token);
    check.equal(await copied("access token"), token);
    const [download] = await Promise.all([page.waitForEvent("download"), link("Download").click()]);
    check.match(download.suggestedFilename(), /^ferrobyte-token-\d{4}-\d\d-\d\d\.txt$/);
    check.equal(await readFile(await download.path(), "utf8"), token);
    check.equal((await workspaces(token)).status, 200);
    check.ok(Date.parse(await page.locator("main time").getAttribute("datetime")) > Date.now() + 3_500_000, "expiry");
    const run = spawnSync("sh", ["-c", await copied("command")], { encoding: "utf8", timeout: 15_000 });
    check.ok(JSON.parse(run.stdout).data.length > 0, "the command lists workspaces");
    known.testToken = token;
    await inspect("11-token");
    await page.goto(page.url());
    await sees("Applications");
  }],

  ["rotating with grace: old and new both work", async () => {
    known.newSecret = await rotate("nightly-import", "1 hour");
    check.notEqual(known.newSecret, known.secret);
    check.match(await page.locator("main").innerText(), /keep working until/);
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
    await page.reload();
    await sees("Applications");
    check.match(await page.getByRole("status").first().innerText(), /nothing was changed/);
    check.equal((await trade(known.clientId, secret)).status, 200, "the secret that was shown");
    check.ok(!(await page.content()).includes(secret));
    known.newSecret = secret;
  }],

  ["rotating asks for a choice", async () => {
    await act("nightly-import", "Rotate secret");
    await inspect("14-rotate");
    await page.getByRole("radio", { name: "Not at all" }).evaluate((radio) => (radio.form.noValidate = true));
    await button("Rotate secret").click();
    await page.getByText("Choose how long the old secret keeps working.").waitFor();
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
    check.match(await page.locator("main").innerText(), /have stopped working/);
  }],

  ["the three commands of the start page work one after the other", async () => {
    await page.goto("/");
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
      const answer = await page.goto(`/settings/applications/${id}/rotate`);
      check.equal(answer.status(), 404);
      await sees("There is no such page");
      check.equal(await page.getByRole("navigation", { name: "Account" }).count(), 1, "still with the name above");
    }
    await inspect("15-not-found");
    const elsewhere = await page.goto("/there/is/nothing/here");
    check.equal(elsewhere.status(), 404);
    check.match(elsewhere.headers()["content-type"], /^text\/html/);
    await sees("There is no such page");
  }],

  ["the page of the API lists its operations", async () => {
    await page.goto("/");
    await link("API documentation").click();
    await heading(/Ferrobyte API/).waitFor();
    check.equal(await page.getByRole("row").filter({ hasText: "/api/public/v1/workspaces" }).first().isVisible(), true);
    for (const [width, colorScheme] of [[1280, "light"], [390, "light"], [1280, "dark"]]) {
      await page.setViewportSize({ width, height: 860 });
      await page.emulateMedia({ colorScheme });
      await inspect(`16-api-${width}-${colorScheme}`);
    }
    await page.setViewportSize({ width: 1280, height: 860 });
    await page.emulateMedia({ colorScheme: "light" });
    await link("Your applications").click();
    await sees("Applications");
  }],

  ["a status in the address shows fixed words only", async () => {
    await page.goto("/settings/applications?done=%3Cb%3EYou%20won%3C%2Fb%3E");
    check.ok(!(await page.content()).includes("You won"));
    await page.goto("/settings/applications?done=deleted");
    check.match(await page.getByRole("status").first().innerText(), /was deleted/);
  }],

  ["a name is text, whatever is in it", async () => {
    const name = `<img src=x onerror="alert(1)"> & 'quotes' ‮`;
    await page.goto("/settings/applications/new");
    await page.getByLabel("Name").fill(name);
    await button("Create application").click();
    await sees("Application created");
    check.ok((await page.locator("main").innerText()).includes(name.trim()));
    await page.goto("/settings/applications");
    check.equal(await page.locator("main img").count(), 0);
    await row("quotes").locator("summary").click();
    await row("quotes").getByRole("link", { name: "Delete" }).click();
    await button("Delete application").click();
    await sees("Applications");
    check.equal(await row("quotes").count(), 0);
  }],

  ["creating with the keyboard alone", async () => {
    await page.goto("/settings/applications");
    const focused = () => page.evaluate(() => {
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
        await page.keyboard.press("Tab");
        const at = await focused();
        check.ok(at.ring && at.inView, `the focus on “${at.name}” can be seen`);
        if (at.name === name) return;
      }
      check.fail(`Tab never came to ${name}`);
    };
    await page.keyboard.press("Tab");
    check.equal((await focused()).name, "Skip to the content");
    await shoot("17-skip");
    await tabTo("Create an application");
    await page.keyboard.press("Enter");
    await sees("Create an application");
    await page.keyboard.type("by-keyboard");
    await shoot("17-focus");
    await page.keyboard.press("Enter");
    await sees("Application created");
    await tabTo("Copy Client secret");
    await page.keyboard.press("Space");
    await page.getByRole("status").filter({ hasText: "Copied to the clipboard" }).waitFor();
    const secret = await page.evaluate(() => navigator.clipboard.readText());
    check.match(secret, /^fbs_/);
    secrets.push(secret);
    await tabTo("Done");
    await page.keyboard.press("Enter");
    await sees("Applications");
    check.equal(await row("by-keyboard").count(), 1);
  }],

  ["everything fits on a narrow screen", async () => {
    for (const width of [390, 320]) {
      await page.setViewportSize({ width, height: 800 });
      for (const [address, name] of [
        ["/", "home"],
        ["/settings", "profile"],
        ["/settings/applications", "applications"],
        ["/settings/applications/new", "create"],
      ]) {
        await page.goto(address);
        await inspect(`18-narrow-${width}-${name}`);
      }
      await page.goto("/settings/applications");
      check.equal(await page.locator("thead").isVisible(), false, "rows have become cards");
      check.equal(await row("by-keyboard").getByRole("cell").first().isVisible(), true);
      await act("by-keyboard", "Generate test token");
      await sees("Test token for by-keyboard");
      await inspect(`18-narrow-${width}-token`);
      await rotate("by-keyboard", "Not at all");
      await inspect(`18-narrow-${width}-secret`);
    }
    await page.setViewportSize({ width: 1280, height: 860 });
  }],

  ["no width between is too narrow for its layout", async () => {
    for (const width of [768, 959, 961, 1024, 1215, 1217]) {
      await page.setViewportSize({ width, height: 860 });
      for (const address of ["/", "/settings/applications"]) {
        await page.goto(address);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        check.ok(over <= 0, `${address} is ${over} pixels too wide at ${width}`);
      }
    }
    await page.setViewportSize({ width: 1280, height: 860 });
  }],

  ["the dark scheme is dark, and its colours can be told apart", async () => {
    const light = await audit(page);
    check.ok(light.paper > 0.8, "light is light");
    await page.emulateMedia({ colorScheme: "dark" });
    for (const [address, name] of [
      ["/", "home"],
      ["/settings", "profile"],
      ["/settings/applications", "applications"],
      ["/settings/applications?done=deleted", "deleted"],
      ["/settings/applications/new", "create"],
      ["/settings/applications/new?x", "create-again"],
      ["/nothing", "not-found"],
    ]) {
      await page.goto(address);
      check.ok((await audit(page)).paper < 0.05, "dark is dark");
      await inspect(`19-dark-${name}`);
    }
    await rotate("by-keyboard", "Not at all");
    await inspect("19-dark-secret");
    await page.emulateMedia({ colorScheme: "light" });
  }],

  ["deleting names the application and asks first", async () => {
    await page.goto("/settings/applications");
    await act("nightly-import", "Delete");
    await sees("Delete nightly-import?");
    check.match(await page.locator("main").innerText(), /cannot be undone/);
    await inspect("20-delete");
    await link("Cancel").click();
    check.equal(await row("nightly-import").count(), 1, "cancelled");
    check.equal((await workspaces(known.lastToken)).status, 200);
    await act("nightly-import", "Delete");
    await button("Delete application").click();
    await sees("Applications");
    check.equal(await row("nightly-import").count(), 0);
    check.match(await page.getByRole("status").first().innerText(), /was deleted/);
    check.ok(await refusedWithinASecond(known.lastToken), "its token");
    check.equal((await trade(known.clientId, known.secret)).status, 401, "its secret");
    await inspect("21-deleted");
  }],

  ["changing the password ends the other sessions", async () => {
    const here = page;
    page = await openWindow();
    await page.goto("/login");
    await logIn();
    await sees("Home");
    const other = page;
    page = here;
    await page.goto("/settings");
    const fill = async (current, fresh, repeat) => {
      await page.getByLabel("Current password").fill(current);
      await page.getByLabel("New password", { exact: true }).fill(fresh);
      await page.getByLabel("Repeat new password").fill(repeat);
      await button("Change password").click();
    };
    await fill(password, "another-long-password", "another-lung-password");
    await page.getByText("This is not the same as the new password.").waitFor();
    check.equal(await page.getByLabel("Repeat new password").getAttribute("aria-invalid"), "true");
    await inspect("22-password-refused");
    await fill("wrong-password", "another-long-password", "another-long-password");
    await page.getByText("This is not your password.").waitFor();
    check.equal(await page.getByLabel("Current password").getAttribute("aria-invalid"), "true");
    await fill(password, "another-long-password", "another-long-password");
    await page.getByText("Your password was changed.").waitFor();
    password = "another-long-password";
    secrets.push(password);
    await inspect("23-password-changed");
    await other.goto("/settings");
    check.match(other.url(), /\/login/, "the other session has ended");
    await other.context().close();
  }],

  ["a form from another site does nothing", async () => {
    const [cookie] = await page.context().cookies();
    const cookies = `${cookie.name}=${cookie.value}`;
    for (const headers of [{ "sec-fetch-site": "cross-site" }, { origin: "https://evil.example" }]) {
      const answer = await fetch(`${base}/logout`, {
        method: "POST", redirect: "manual", headers: { ...headers, cookie: cookies },
      });
      check.equal(answer.status, 403, JSON.stringify(headers));
      check.match(await answer.text(), /came from elsewhere/);
    }
    await page.goto("/settings");
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
    const [cookie] = await page.context().cookies();
    await page.getByRole("navigation", { name: "Account" }).locator("summary").click();
    await button("Log out").click();
    await sees("Log in to Ferrobyte");
    check.match(await page.getByRole("status").first().innerText(), /logged out/);
    check.equal((await page.context().cookies()).length, 0, "the cookie is gone");
    await inspect("24-logged-out");
    const headers = { cookie: `${cookie.name}=${cookie.value}` };
    const answer = await fetch(`${base}/settings`, { headers, redirect: "manual" });
    check.equal(answer.status, 303, "its value is worth nothing any more");
    check.equal(answer.headers.get("location"), "/login?next=%2Fsettings");
  }],

  ["nobody is sent to another site after logging in", async () => {
    for (const evil of ["//evil.example", "https://evil.example/", "/%5Cevil.example", "/%09/evil.example"]) {
      await page.goto(`/login?next=${encodeURIComponent(decodeURIComponent(evil))}`);
      check.equal(await page.locator("input[name=next]").count(), 0, evil);
    }
    await logIn();
    await sees("Home");
    await page.goto("/login?next=%2Fsettings");
    await sees("Profile");
    check.equal(path(), "/settings", "whoever is signed in goes on at once");
  }],

  ["everything works without the script", async () => {
    page = await openWindow({ javaScriptEnabled: false });
    await page.goto("/settings/applications/new");
    await logIn();
    await sees("Create an application");
    await page.getByLabel("Name").fill("scriptless");
    await button("Create application").click();
    await sees("Application created");
    check.match(await page.getByLabel("Client secret").inputValue(), /^fbs_/);
    check.equal(await page.getByRole("button", { name: /Copy/ }).count(), 0, "no button that does nothing");
    await shoot("25-no-script");
    await link("Done").click();
    check.match(await row("scriptless").getByRole("cell").nth(1).innerText(), /UTC$/);
    await row("scriptless").locator("summary").click();
    await row("scriptless").getByRole("link", { name: "Delete" }).click();
    await button("Delete application").click();
    check.equal(await row("scriptless").count(), 0);
  }],

  ["too many wrong passwords are slowed down", async () => {
    page = await openWindow();
    await page.goto("/login");
    let status = 0;
    let answer;
    for (let tries = 0; tries < 40 && status !== 429; tries += 1) {
      [answer] = await Promise.all([
        page.waitForResponse((response) => response.request().method() === "POST"),
        logIn("eve@example.org", `guess number ${tries}`),
      ]);
      status = answer.status();
      await page.getByRole("alert").waitFor();
    }
    check.equal(status, 429);
    check.ok(Number(answer.headers()["retry-after"]) > 0, "told when to come back");
    check.match(await page.getByRole("alert").innerText(), /Too many wrong attempts/);
    await inspect("26-too-many");
  }],

  ["nothing was asked of another host, and the console stayed silent", async () => {
    check.deepEqual(heard.troubles, []);
    check.ok(heard.requests > 100 && heard.pages > 50, `heard ${heard.requests} requests, ${heard.pages} pages`);
    check.equal(heard.assets.size, 3, [...heard.assets].join(" "));
  }],

  ["no secret is in the server's log", async () => {
    const log = await readFile(logFile, "utf8");
    check.ok(log.length > 100, "there is a log");
    check.ok(secrets.length > 8, "there are secrets to look for");
    for (const secret of secrets) check.ok(!log.includes(secret), "a secret is in the log");
  }],
];

let code = 1;
try {
  code = await walk(steps, {
    async afterStep() {
      check.deepEqual(heard.troubles, [], "heard while walking");
    },
    onFailure: (name) => {
      heard.troubles.splice(0);
      return shoot(`failed-${name.replace(/\W+/g, "-").slice(0, 60)}`);
    },
  });
} finally {
  await browser.close();
  const end = await server.stop();
  console.log(`screenshots and the server's log: ${output}${end ? ` (the server was gone: ${end})` : ""}`);
  if (end) code = 1;
}
process.exit(code);
